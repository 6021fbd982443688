import type { Clock } from '../../core/clock.ts'
import { failed, type Poll } from '../../core/poll.ts'
import type { Answer, DnsClient, RecordType, ResolverName } from '../../sources/dns/client.ts'
import {
  mayShowMore,
  type NameAnswer,
  ownWhole,
  stepWide,
  type WideName,
  wantedAgain,
  wantsWide,
} from './observation.ts'

/** Whom one look asks for what. */
export interface Look {
  readonly dnsName: string
  readonly types: readonly RecordType[]
  readonly resolvers: readonly ResolverName[]
}

/** Once the own name has answered for each type, other answers have this long to come before the look goes on. */
export const graceMs = 500

/** One question, over all looks. At most one query of it is under way. */
interface Entry {
  readonly key: string
  readonly resolver: ResolverName
  readonly type: RecordType
  readonly wide: boolean
  inFlight: Promise<Poll<Answer>> | undefined
  /** What came and no look has taken yet. */
  arrived: { readonly poll: Poll<Answer>; readonly late: boolean } | undefined
  failure: Poll<Answer> | undefined
  name: WideName | undefined
}

/**
 * Asks DNS for the own name of one load balancer and for `all.` + name. A resolver or an `all.` that is silent does not
 * hold up the others: what comes too late for one look belongs to the next.
 */
export class Questions {
  readonly #dns: Pick<DnsClient, 'resolve'>
  readonly #clock: Clock
  #entries = new Map<string, Entry>()
  /** Record types of which the own name did not show all at the last look. */
  #partial = new Set<RecordType>()
  /** Record types of which `all.` is wanted even where it does not exist, and since when. */
  readonly #wantedSince = new Map<RecordType, number>()
  #looking = false

  constructor({ dns, clock }: { readonly dns: Pick<DnsClient, 'resolve'>; readonly clock: Clock }) {
    this.#dns = dns
    this.#clock = clock
  }

  /** The load balancer has another name now: what is known of the old one does not count, nor what still comes of it. */
  forget(): void {
    this.#entries = new Map()
    this.#wantedSince.clear()
  }

  wideNameOf({ resolver, type }: Pick<NameAnswer, 'resolver' | 'type'>): WideName | undefined {
    return this.#entries.get(keyOf({ resolver, type, wide: true }))?.name
  }

  async ask(look: Look, signal: AbortSignal): Promise<NameAnswer[]> {
    const entries = look.resolvers.flatMap((resolver) =>
      look.types.flatMap((type) => [false, true].map((wide) => this.#entry({ resolver, type, wide }))),
    )
    this.#looking = true
    try {
      for (const entry of entries) this.#send(entry, look.dnsName, signal)
      await this.#wait(entries, signal)
    } finally {
      this.#looking = false
    }
    const answers = entries.flatMap((entry) => this.#take(entry, look.dnsName))
    const byType = [...Map.groupBy(answers, ({ type }) => type)]
    this.#partial = new Set(byType.filter(([, ofType]) => !ownWhole(ofType)).map(([type]) => type))
    for (const [type, ofType] of byType) {
      if (!wantsWide(ofType)) this.#wantedSince.delete(type)
      else if (!this.#wantedSince.has(type)) this.#wantedSince.set(type, this.#clock.now())
    }
    return answers
  }

  #entry(question: Pick<Entry, 'resolver' | 'type' | 'wide'>): Entry {
    const key = keyOf(question)
    const known = this.#entries.get(key)
    if (known !== undefined) return known
    const entry = { ...question, key, inFlight: undefined, arrived: undefined, failure: undefined, name: undefined }
    this.#entries.set(key, entry)
    return entry
  }

  #send(entry: Entry, dnsName: string, signal: AbortSignal): void {
    if (entry.inFlight !== undefined || this.#rests(entry)) return
    const { resolver, type, wide } = entry
    const hostname = wide ? `all.${dnsName}` : dnsName
    entry.inFlight = this.#dns.resolve({ hostname, type }, resolver, { signal }).then((poll) => {
      entry.inFlight = undefined
      // What an abort broke off tells nothing.
      if (!signal.aborted) this.#settle(entry, poll)
      return poll
    })
  }

  /** true for an `all.` that does not exist or keeps failing; but where it alone would show the rest it is asked each time. */
  #rests({ name, type }: Entry): boolean {
    const nowMs = this.#clock.now()
    if (name === undefined || nowMs >= name.askAgainMs) return false
    if (wantedAgain(name, this.#wantedSince.get(type), nowMs)) return false
    return !(this.#partial.has(type) && mayShowMore(name, nowMs))
  }

  #settle(entry: Entry, poll: Poll<Answer>): void {
    entry.arrived = { poll, late: !this.#looking }
    entry.failure = poll.ok ? undefined : poll
    if (entry.wide) entry.name = stepWide(entry.name, poll)
  }

  async #wait(entries: readonly Entry[], signal: AbortSignal): Promise<void> {
    const all = Promise.all(entries.map(({ inFlight }) => inFlight))
    const own = Map.groupBy(
      entries.filter(({ wide }) => !wide),
      ({ type }) => type,
    )
    const answered = Promise.all([...own.values()].map((ofType) => Promise.any(ofType.map(goodAnswer))))
    const ended = new AbortController()
    const enough = answered.then(
      () => this.#clock.sleep(graceMs, AbortSignal.any([signal, ended.signal])),
      () => all,
    )
    await Promise.race([all, enough])
    ended.abort()
  }

  /** Nothing for an `all.` that does not exist. */
  #take(entry: Entry, dnsName: string): NameAnswer[] {
    const { resolver, type, wide, arrived, name } = entry
    entry.arrived = undefined
    if (wide && name?.exists === false) return []
    const poll = arrived?.poll ?? entry.failure ?? this.#silence(entry, dnsName)
    return [{ resolver, type, wide, poll, late: arrived?.late === true }]
  }

  #silence({ resolver, type, wide }: Entry, dnsName: string): Poll<Answer> {
    const hostname = wide ? `all.${dnsName}` : dnsName
    const message = `DNS query ${hostname} ${type} by resolver ${resolver} has no answer yet, others have`
    return failed(this.#clock.now(), 'timeout', message)
  }
}

async function goodAnswer({ inFlight }: Entry): Promise<void> {
  const poll = await inFlight
  if (poll?.ok !== true) throw new Error('no good answer')
}

function keyOf({ resolver, type, wide }: Pick<Entry, 'resolver' | 'type' | 'wide'>): string {
  return `${resolver} ${type} ${wide ? 'all' : 'own'}`
}
