import { isoTime } from '../../core/iso-time.ts'
import type { Failure } from '../../core/poll.ts'
import type { Sample } from '../../metrics/spec.ts'
import type { LoadBalancer } from '../../sources/aws/types.ts'
import { type CollectorDeps, type Scope, staleAfter, type Trace } from '../signal.ts'
import {
  type AddressBook,
  type AddressInSight,
  activeAddresses,
  emptyBook,
  inSight,
  lasting,
  type Placed,
  step,
  withOwned,
  withZones,
} from './addresses.ts'
import type { Book } from './book.ts'
import type { ElbMetric } from './metrics.ts'
import { beyondOwn, heldMembers, type NameAnswer, observe } from './observation.ts'
import type { LoadBalancerOptions } from './options.ts'
import { Questions } from './questions.ts'
import { addressStatus, changeMessage, lookExchange } from './report.ts'

export interface WatchedInit {
  readonly key: string
  readonly account: string
  readonly label: string
  readonly lb: LoadBalancer
  readonly options: LoadBalancerOptions
  readonly addresses?: AddressBook
}

const instanceStates = ['InService', 'OutOfService', 'Unknown'] as const
const bothTypes = ['A', 'AAAA'] as const
const scopeKinds = ['addresses', 'info', 'instances', 'interfaces'] as const
type ScopeKind = (typeof scopeKinds)[number]

/** One load balancer: what is known of it, and its series. Each source has a scope, so that each goes stale by itself. */
export class Watched {
  readonly key: string
  readonly account: string
  /** When its instances were last asked for. */
  healthMs = 0
  #label: string
  #lb: LoadBalancer
  #options: LoadBalancerOptions
  #book: AddressBook
  #interfaces: { readonly atMs: number; readonly placed: readonly Placed[] } | undefined
  readonly #questions: Questions
  /** Members that only `all.` + name has shown. */
  #beyond: readonly string[] = []
  #looking = false
  #gone = false
  #lastLook: { readonly atMs: number; readonly ok: boolean; readonly failures: readonly Failure[] } | undefined
  readonly #deps: CollectorDeps
  readonly #scopes: Readonly<Record<Exclude<ScopeKind, 'instances'>, Scope<ElbMetric>>>

  constructor(init: WatchedInit, deps: CollectorDeps) {
    this.key = init.key
    this.account = init.account
    this.#label = init.label
    this.#lb = init.lb
    this.#options = init.options
    this.#book = init.addresses ?? emptyBook
    this.#deps = deps
    this.#questions = new Questions(deps)
    const aws = deps.intervalMs('load_balancers')
    this.#scopes = {
      addresses: this.#scope('addresses', deps.intervalMs('dns')),
      info: this.#scope('info', aws),
      interfaces: this.#scope('interfaces', aws),
    }
    this.#begin()
  }

  get label(): string {
    return this.#label
  }

  get lb(): LoadBalancer {
    return this.#lb
  }

  /** true once DNS was asked, well or not. */
  get looked(): boolean {
    return this.#lastLook !== undefined
  }

  get inSight(): readonly AddressInSight[] {
    return inSight(this.#book, this.#freshInterfaces())
  }

  get active(): readonly string[] {
    return activeAddresses(this.#book)
  }

  scopeKeys(): string[] {
    return scopeKinds.map((kind) => `${kind} ${this.key}`)
  }

  /** AWS lists it, as it is now. */
  listed(lb: LoadBalancer, options: LoadBalancerOptions): void {
    if (lb.dnsName !== this.#lb.dnsName) this.#questions.forget()
    this.#lb = lb
    this.#options = options
    this.#place()
    const { dnsName: dns_name, scheme, type } = lb
    const labels = { load_balancer: this.label, dns_name, scheme, type, region: options.region }
    this.#scopes.info.publish([{ metric: 'elbchurn_elb_info', labels, value: 1 }])
    this.#save()
  }

  /** The series of the old label leave, and those of the new one begin. */
  rename(label: string): void {
    const { addresses, info, interfaces } = this.#scopes
    for (const scope of [addresses, info, interfaces, this.#scope('instances', 0)]) scope.drop()
    this.#label = label
    this.#begin()
    if (this.#lastLook?.ok === true) this.#publish()
    this.#save()
  }

  /** They go stale later where each has its turn only once in several runs. */
  setInstances(states: readonly string[], runsPerTurn: number): void {
    const known = new Set<string>(instanceStates)
    const counted = states.map((state) => (known.has(state) ? state : 'Unknown'))
    const samples = instanceStates.map((state) => ({
      metric: 'elbchurn_elb_instances' as const,
      labels: { load_balancer: this.label, state },
      value: counted.filter((given) => given === state).length,
    }))
    this.#scope('instances', this.#deps.intervalMs('load_balancers') * runsPerTurn).publish(samples)
  }

  setInterfaces(placed: readonly Placed[], atMs: number): void {
    this.#interfaces = { atMs, placed }
    this.#book = withOwned(this.#book, placed)
    this.#place()
    const labels = { load_balancer: this.label, source: 'eni' }
    const value = new Set(placed.map(({ address }) => address)).size
    this.#scopes.interfaces.publish([{ metric: 'elbchurn_elb_addresses', labels, value }])
    // Pending and dead show now, not at the next look; but what DNS no longer confirms is not made to look fresh.
    if (this.#lastLook?.ok === true) this.#publish()
    this.#save()
  }

  /** Asks DNS. Resolves with a failure where nobody answered. A look that still goes on is not begun twice. */
  async look(signal: AbortSignal, trace: Trace): Promise<Failure | undefined> {
    if (this.#looking || signal.aborted) return undefined
    this.#looking = true
    try {
      const { dnsName, dualstack } = this.#lb
      const look = { dnsName, types: dualstack ? bothTypes : bothTypes.slice(0, 1), resolvers: this.#options.resolvers }
      const answers = await this.#questions.ask(look, signal)
      // What an abort broke off tells nothing of the load balancer.
      return signal.aborted || this.#gone ? undefined : this.#learn(answers, trace)
    } finally {
      this.#looking = false
    }
  }

  /** AWS lists it no more: what is still on its way changes nothing. */
  gone(): void {
    this.#gone = true
  }

  status(): object {
    const { dnsName, type, scheme } = this.#lb
    return {
      load_balancer: this.label,
      dns_name: dnsName,
      type,
      scheme,
      region: this.#options.region,
      resolvers: this.#options.resolvers,
      ...addressStatus(this.#book, inSight(this.#book, this.#freshInterfaces())),
      asked: isoTime(this.#lastLook?.atMs),
      failures: this.#lastLook?.failures ?? [],
    }
  }

  #learn(answers: readonly NameAnswer[], trace: Trace): Failure | undefined {
    const { clock, retentionMs } = this.#deps
    const atMs = clock.now()
    const polls = answers.map(({ poll }) => poll)
    const before = this.active
    const held = heldMembers(before, this.#beyond, answers, (answer) => this.#questions.wideNameOf(answer), atMs)
    const poll = observe(answers, atMs, held)
    this.#beyond = beyondOwn(this.#beyond, answers)
    this.#lastLook = { atMs, ok: poll.ok, failures: polls.flatMap((asked) => (asked.ok ? [] : [asked.failure])) }
    const { membership } = this.#book
    const { next, added, removed } = step(this.#book, poll, atMs, retentionMs)
    this.#book = next
    trace.note(poll.ok ? 'good' : 'failed', () =>
      lookExchange(this, answers, held, { ok: poll.ok, before: membership, after: next.membership, added, removed }),
    )
    this.#count('added', added.length)
    this.#count('removed', removed.length)
    if (added.length > 0 || removed.length > 0) this.#record(before, added, removed, atMs)
    if (!poll.ok) return { ...poll.failure, message: `${this.label}: ${poll.failure.message}` }
    this.#publish()
    this.#save()
    return undefined
  }

  #begin(): void {
    for (const change of ['added', 'removed']) this.#count(change, 0)
    // What a restart kept is true before DNS has answered, and also while it does not.
    if (this.#scopes.addresses.stale()) this.#scopes.addresses.publish(this.#lastChanges())
  }

  #record(before: readonly string[], added: readonly string[], removed: readonly string[], atMs: number): void {
    const after = this.active
    const message = changeMessage(this.label, this.#book, { added, removed })
    this.#deps.changes.record(
      { kind: 'elb_addresses', subject: this.label, message, added, removed, before, after },
      atMs,
    )
  }

  #publish(): void {
    const load_balancer = this.label
    this.#scopes.addresses.publish([
      { metric: 'elbchurn_elb_addresses', labels: { load_balancer, source: 'dns' }, value: this.active.length },
      ...inSight(this.#book, this.#freshInterfaces()).map(({ address, zone, state }) => ({
        metric: 'elbchurn_elb_address_info' as const,
        labels: { load_balancer, address, zone, state },
        value: 1,
      })),
      ...this.#lastChanges(),
    ])
  }

  #lastChanges(): Sample<ElbMetric>[] {
    const { lastAddedMs, lastRemovedMs } = this.#book
    const metric = 'elbchurn_elb_address_last_change_timestamp_seconds'
    const times = [
      ['added', lastAddedMs],
      ['removed', lastRemovedMs],
    ] as const
    return times.flatMap(([change, ms]) =>
      ms === undefined ? [] : [{ metric, labels: { load_balancer: this.label, change }, value: ms / 1_000 }],
    )
  }

  #scope(kind: ScopeKind, intervalMs: number): Scope<ElbMetric> {
    return this.#deps.metrics.scope<ElbMetric>(`${kind} ${this.key}`, staleAfter(intervalMs))
  }

  #count(change: string, by: number): void {
    const labels = { load_balancer: this.label, change }
    this.#scopes.addresses.increment('elbchurn_elb_address_changes_total', labels, by)
  }

  /** Undefined where interfaces are not asked for, and once their view is too old to call an address dead. */
  #freshInterfaces(): string[] | undefined {
    if (this.#interfaces === undefined || !this.#options.interfaces) return undefined
    const age = this.#deps.clock.now() - this.#interfaces.atMs
    if (age > staleAfter(this.#deps.intervalMs('load_balancers'))) return undefined
    return this.#interfaces.placed.map(({ address }) => address)
  }

  #place(): void {
    this.#book = withZones(this.#book, [...this.#lb.zoneAddresses, ...(this.#interfaces?.placed ?? [])])
  }

  #save(): void {
    const { key, account, label } = this
    const book: Book = { version: 1, label, account, lb: this.#lb, addresses: lasting(this.#book) }
    this.#deps.books.set(key, book)
  }
}
