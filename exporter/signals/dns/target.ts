import { isoTime } from '../../core/iso-time.ts'
import { membersOf } from '../../core/membership.ts'
import type { Failure, Poll } from '../../core/poll.ts'
import type { Labels, Sample } from '../../metrics/spec.ts'
import type { Answer, QueryTrace, Question, ResolveOptions, ResolverName } from '../../sources/dns/client.ts'
import { type CollectorDeps, type Scope, staleAfter, type Trace } from '../signal.ts'
import { answerLine, decision, packetLine } from '../told.ts'
import { type AnswerBook, type AnswerChange, readBook, step } from './answers.ts'
import type { DnsMetric } from './metrics.ts'

export function targetKey({ hostname, type }: Question, resolver: ResolverName): string {
  return `${hostname} ${type} ${resolver}`
}

/** On its way from the root to a zone one poll may send many. */
const packetsTold = 20

/** One (hostname, type) at one resolver: asks, steps its book, and publishes. */
export class Target {
  readonly question: Question
  readonly resolver: ResolverName
  readonly key: string
  inFlight = false
  /** What was saved of it could not be read, and was dropped. */
  readonly lostBook: boolean
  readonly #deps: CollectorDeps
  readonly #scope: Scope<DnsMetric>
  readonly #options: ResolveOptions
  readonly #labels: Labels
  readonly #resolverLabels: Labels
  readonly #resultLabels = new Map<string, Labels>()
  #book: AnswerBook | undefined
  #members: readonly string[] = []
  #answer: Answer | undefined
  /** As published: that of the last answer with records, while one without is not believed yet. */
  #ttlSeconds: number | undefined
  #failure: Failure | undefined
  #lastSuccessMs: number | undefined
  #askedAtMs = 0
  /** Sent for the poll that goes on. */
  readonly #packets: QueryTrace[] = []
  /** Whether one of them was for the name itself, and else how the last one failed that was to find its servers. */
  #asked = false
  #unaskedFor: string | undefined
  /** of the book, the rest depends on the answer's TTL */
  #bookSamples: readonly Sample<DnsMetric>[] = []
  #samples: readonly Sample<DnsMetric>[] = []

  constructor(
    question: Question,
    resolver: ResolverName,
    resolverScope: Scope<DnsMetric>,
    deps: CollectorDeps,
    signal: AbortSignal,
  ) {
    this.question = question
    this.resolver = resolver
    this.key = targetKey(question, resolver)
    this.#deps = deps
    this.#labels = { hostname: question.hostname, type: question.type, resolver }
    this.#resolverLabels = { resolver }
    this.#scope = deps.metrics.scope<DnsMetric>(this.key, staleAfter(deps.intervalMs('dns')))
    this.#options = {
      signal,
      onQuery: (trace) => this.#count(trace, resolverScope),
      onDrop: (_server, reason) => resolverScope.increment('elbchurn_dns_replies_dropped_total', { resolver, reason }),
    }
    const saved = deps.books.get(this.key)
    const book = readBook(saved)
    this.lostBook = saved !== undefined && book === undefined
    if (this.lostBook) deps.books.delete(this.key)
    this.#restore(book)
  }

  /** The members of the answer where the last poll was good. */
  get answered(): readonly string[] | undefined {
    return this.#failure === undefined && this.#answer !== undefined ? this.#members : undefined
  }

  /** The records by the last good answers; undefined where there never was one. */
  get records(): readonly string[] | undefined {
    return this.#book === undefined ? undefined : this.#members
  }

  /** Never rejects for a failure of DNS; that is kept until the next poll. */
  async ask(trace: Trace): Promise<void> {
    this.inFlight = true
    this.#askedAtMs = this.#deps.clock.now()
    try {
      const poll = await this.#deps.dns.resolve(this.question, this.resolver, this.#options)
      if (this.#options.signal.aborted) return
      const before = this.#book
      if (!poll.ok) {
        this.#failure = poll.failure
        // A name whose servers cannot be found is one that fails, though nobody was there to be asked for it.
        if (!this.#asked && this.#unaskedFor !== undefined) this.#countResult(this.#unaskedFor)
        this.#trace(trace, poll, before)
        return
      }
      this.#failure = undefined
      this.#lastSuccessMs = poll.atMs
      const { next, change } = step(before, poll)
      if (next !== undefined && next !== before) this.#keep(next)
      this.#trace(trace, poll, before, change)
      this.#publish(poll.snapshot)
      if (change !== undefined) this.#record(change, poll.atMs)
    } finally {
      this.inFlight = false
      this.#packets.length = 0
      this.#asked = false
      this.#unaskedFor = undefined
    }
  }

  /** What is wrong now: the last poll's failure, or that the poll is still going. */
  failure(): Failure | undefined {
    if (!this.inFlight || this.#failure !== undefined) return this.#failure
    const seconds = ((this.#deps.clock.now() - this.#askedAtMs) / 1000).toFixed(1)
    const { hostname, type } = this.question
    const message = `DNS query ${hostname} ${type} by resolver ${this.resolver} has no answer after ${seconds} s and goes on`
    return { reason: 'timeout', message }
  }

  status(): object {
    return {
      ...this.#labels,
      records: this.#members,
      chain: this.#answer?.chain ?? [],
      ttl_seconds: this.#answer?.ttlSeconds ?? null,
      rcode: this.#answer?.rcode ?? null,
      server: this.#answer?.server ?? null,
      last_change: isoTime(this.#book?.lastChangeMs),
      last_success: isoTime(this.#lastSuccessMs),
      failure: this.#failure ?? null,
    }
  }

  /** The counter is there before its first increase, and the time of the last change before the first answer. */
  #restore(book: AnswerBook | undefined): void {
    if (book === undefined) return
    this.#setBook(book)
    this.#scope.increment('elbchurn_dns_answer_changes_total', this.#labels, 0)
    if (this.#scope.stale()) this.#scope.publish(this.#lastChange(book))
  }

  #keep(book: AnswerBook): void {
    this.#setBook(book)
    this.#deps.books.set(this.key, book)
  }

  #setBook(book: AnswerBook): void {
    this.#book = book
    this.#members = membersOf(book.membership)
    this.#bookSamples = [
      { metric: 'elbchurn_dns_answers', labels: this.#labels, value: this.#members.length },
      ...this.#members.map((answer): Sample<DnsMetric> => {
        return { metric: 'elbchurn_dns_answer_info', labels: { ...this.#labels, answer }, value: 1 }
      }),
      ...this.#lastChange(book),
    ]
  }

  #lastChange({ lastChangeMs }: AnswerBook): Sample<DnsMetric>[] {
    if (lastChangeMs === undefined) return []
    const metric = 'elbchurn_dns_answer_last_change_timestamp_seconds'
    return [{ metric, labels: this.#labels, value: lastChangeMs / 1000 }]
  }

  #publish(answer: Answer): void {
    const first = this.#answer === undefined
    const ttlSeconds = answer.ttlSeconds ?? (this.#members.length > 0 ? this.#ttlSeconds : undefined)
    if (first || this.#samplesAreOld(ttlSeconds)) {
      const ttl: Sample<DnsMetric>[] =
        ttlSeconds === undefined
          ? []
          : [{ metric: 'elbchurn_dns_answer_ttl_seconds', labels: this.#labels, value: ttlSeconds }]
      this.#samples = [...this.#bookSamples, ...ttl]
      this.#ttlSeconds = ttlSeconds
    }
    // One that says the same is let go at once: garbage that has grown old costs more than the comparison.
    if (!sameAnswer(this.#answer, answer)) this.#answer = answer
    if (first) this.#scope.increment('elbchurn_dns_answer_changes_total', this.#labels, 0)
    this.#scope.publish(this.#samples)
  }

  #samplesAreOld(ttlSeconds: number | undefined): boolean {
    return this.#ttlSeconds !== ttlSeconds || this.#samples[0] !== this.#bookSamples[0]
  }

  #record({ added, removed, before, after }: AnswerChange, atMs: number): void {
    this.#scope.increment('elbchurn_dns_answer_changes_total', this.#labels)
    const message = `the DNS answer changed: ${added.length} added, ${removed.length} removed`
    this.#deps.changes.record({ kind: 'dns_answer', subject: this.key, message, added, removed, before, after }, atMs)
  }

  #trace(trace: Trace, poll: Poll<Answer>, before: AnswerBook | undefined, change?: AnswerChange): void {
    trace.note(poll.ok ? 'good' : 'failed', () => ({
      asked: `${this.question.hostname} ${this.question.type} at resolver ${this.resolver}`,
      came: [...this.#packets.map(packetLine), answerLine(poll)],
      decided: decision({
        ok: poll.ok,
        before: before?.membership,
        after: this.#book?.membership,
        added: change?.added ?? [],
        removed: change?.removed ?? [],
      }),
    }))
  }

  /** The packets on the way to its zone are told and timed, but are no queries for the name. */
  #count(packet: QueryTrace, resolverScope: Scope<DnsMetric>): void {
    const { result, durationMs, helper } = packet
    if (this.#packets.length < packetsTold) this.#packets.push(packet)
    if (helper !== true) {
      this.#asked = true
      this.#countResult(result)
    } else if (result !== 'NOERROR' && result !== 'NXDOMAIN') this.#unaskedFor = result
    resolverScope.observe('elbchurn_dns_query_duration_seconds', this.#resolverLabels, durationMs / 1000)
  }

  #countResult(result: string): void {
    let labels = this.#resultLabels.get(result)
    if (labels === undefined) {
      labels = { ...this.#labels, result }
      this.#resultLabels.set(result, labels)
    }
    this.#scope.increment('elbchurn_dns_queries_total', labels)
  }
}

function sameAnswer(left: Answer | undefined, right: Answer): boolean {
  return (
    left?.ttlSeconds === right.ttlSeconds &&
    left?.rcode === right.rcode &&
    left.server === right.server &&
    sameTexts(left.records, right.records) &&
    sameTexts(left.chain, right.chain)
  )
}

function sameTexts(left: readonly string[], right: readonly string[]): boolean {
  return left.length === right.length && left.every((text, index) => text === right[index])
}
