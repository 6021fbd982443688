/** The node agent: which TCP connections of this machine go to the addresses of watched hostnames, and which hang. */
import { isoTime } from '../../core/iso-time.ts'
import type { Failure } from '../../core/poll.ts'
import type { Labels, Sample } from '../../metrics/spec.ts'
import { readConnections } from '../../sources/proc/connections.ts'
import { type Collector, type CollectorDeps, type RunContext, type Scope, staleAfter } from '../signal.ts'
import { named } from '../told.ts'
import type { ConnectionsMetric } from './metrics.ts'
import type { ConnectionsOptions } from './options.ts'
import { type AddressBook, answersByHostname, expire, readBook, stepBook } from './sight.ts'
import { type ConnectionState, type Count, connectionStates, countByAddress, type Tally, tally } from './stalls.ts'

/** Reading a million rows takes 3 s. */
const runLimitMs = 10_000
/** Longest wait of a first run for the collector of DNS answers. */
const answersWaitMs = 3_000
const statusLimit = 100

export function create(options: ConnectionsOptions, deps: CollectorDeps): Collector {
  const collector = new ConnectionsCollector(options, deps)
  return {
    tasks: [
      {
        kind: 'scheduled',
        name: 'sockets',
        schedule: 'connections',
        stretches: true,
        timeoutMs: () => runLimitMs,
        run: (context) => collector.run(context),
      },
    ],
    status: () => collector.status(),
    stop: async () => undefined,
  }
}

interface Hostname {
  readonly scope: Scope<ConnectionsMetric>
  readonly labels: Readonly<Record<ConnectionState, Labels>>
  book: AddressBook | undefined
  tally: Tally | undefined
}

class ConnectionsCollector {
  readonly #options: ConnectionsOptions
  readonly #deps: CollectorDeps
  readonly #hostnames = new Map<string, Hostname>()
  #counts: ReadonlyMap<string, Count> = new Map()
  /** Of the last good run, on the monotonic clock. */
  #readAt: number | undefined

  constructor(options: ConnectionsOptions, deps: CollectorDeps) {
    this.#options = options
    this.#deps = deps
  }

  async run({ signal, trace }: RunContext): Promise<readonly Failure[]> {
    const { clock, views } = this.#deps
    const answers = await views.answers.within(answersWaitMs, clock, signal)
    if (signal.aborted) return []
    if (answers === undefined) return [answersUnknown]
    const byHostname = answersByHostname(answers.all())
    this.#retain(new Set(byHostname.keys()))
    for (const [name, answer] of byHostname) {
      const hostname = this.#hostnames.get(name)
      if (hostname !== undefined) hostname.book = stepBook(hostname.book, answer, clock.now())
    }
    const wanted = this.#wanted()
    const asked = `TCP connections in ${this.#options.proc} to ${named([...wanted])}`
    const poll = await readConnections(this.#options.proc, wanted, { clock, signal })
    if (signal.aborted) return []
    if (!poll.ok) {
      this.#readAt = undefined
      const { reason, message } = poll.failure
      const decided = 'a failed poll is not a change: what was known stays until it is too old'
      trace.note('failed', () => ({ asked, came: [`${reason}: ${message}`], decided }))
      return [poll.failure]
    }
    this.#counts = countByAddress(poll.snapshot)
    const now = clock.monotonic()
    const seconds = this.#readAt === undefined ? 0 : (now - this.#readAt) / 1_000
    this.#readAt = now
    for (const [name, hostname] of this.#hostnames) this.#settle(name, hostname, seconds)
    trace.note('good', () => ({
      asked,
      came: [...this.#counts].map(([address, { open, stalled }]) => `${address}: ${open} open, ${stalled} stalled`),
      decided: [...this.#hostnames].map(([name, { tally: counts }]) => `${name}: ${tallyWords(counts)}`).join('; '),
    }))
    return []
  }

  status(): object {
    return [...this.#hostnames].map(([hostname, { book, tally: counts }]) => ({
      hostname,
      active: (book?.active ?? []).slice(0, statusLimit).map((address) => this.#addressStatus(address)),
      retired: (book?.retired ?? [])
        .slice(-statusLimit)
        .map(({ address, atMs }) => ({ ...this.#addressStatus(address), since: isoTime(atMs) })),
      connections: counts ?? null,
    }))
  }

  #addressStatus(address: string) {
    const { open = 0, stalled = 0 } = this.#counts.get(address) ?? {}
    return { address, connections: open, stalled }
  }

  /** Exactly these hostnames from here on. */
  #retain(names: ReadonlySet<string>): void {
    const { books, metrics } = this.#deps
    const staleAfterMs = staleAfter(this.#deps.intervalMs('connections'))
    for (const name of this.#hostnames.keys()) if (!names.has(name)) this.#hostnames.delete(name)
    for (const name of books.keys()) if (!names.has(name)) books.delete(name)
    for (const name of names) {
      if (this.#hostnames.has(name)) continue
      const scope = metrics.scope<ConnectionsMetric>(name, staleAfterMs)
      const labels = { active: { hostname: name, state: 'active' }, retired: { hostname: name, state: 'retired' } }
      this.#hostnames.set(name, { scope, labels, book: readBook(books.get(name)), tally: undefined })
      for (const state of connectionStates) {
        scope.increment('elbchurn_connections_stalled_seconds_total', labels[state], 0)
      }
    }
    metrics.retain(names)
  }

  #wanted(): Set<string> {
    const books = [...this.#hostnames.values()].flatMap(({ book }) => book ?? [])
    return new Set(books.flatMap(({ active, retired }) => [...active, ...retired.map(({ address }) => address)]))
  }

  /** What was stalled at the last look counts as stalled up to this one. */
  #settle(name: string, hostname: Hostname, seconds: number): void {
    const { book, scope, labels } = hostname
    if (book === undefined) return
    const { clock, books, retentionMs } = this.#deps
    for (const state of connectionStates) {
      const stalled = hostname.tally?.[state].stalled ?? 0
      scope.increment('elbchurn_connections_stalled_seconds_total', labels[state], stalled * seconds)
    }
    hostname.tally = tally(book, this.#counts)
    hostname.book = expire(book, (address) => this.#counts.has(address), clock.now(), retentionMs)
    books.set(name, hostname.book)
    scope.publish(samples(hostname.tally, labels))
  }
}

function tallyWords(counts: Tally | undefined): string {
  if (counts === undefined) return 'no address known'
  return connectionStates
    .map((state) => `${counts[state].open} to ${state} addresses, ${counts[state].stalled} of them stalled`)
    .join(', ')
}

function samples(counts: Tally, labels: Hostname['labels']): Sample<ConnectionsMetric>[] {
  return connectionStates.flatMap((state) => [
    { metric: 'elbchurn_connections', labels: labels[state], value: counts[state].open },
    { metric: 'elbchurn_connections_stalled', labels: labels[state], value: counts[state].stalled },
  ])
}

const answersUnknown: Failure = {
  reason: 'timeout',
  message: 'the addresses of the watched names are not known: see the collector dns',
}
