/**
 * What a collector is: the interface between the signals (floor 2) and the service that runs them (floor 3).
 * A collector asks its sources, runs its pure step and publishes what it knows. It knows no other collector, keeps no
 * timer of its own, and leaves up/duration/errors, time-outs, overlap and the log of failures to the runner.
 */
import type { Access, Turn } from '../core/access.ts'
import type { Clock } from '../core/clock.ts'
import type { Failure } from '../core/poll.ts'
import type { Labels, MetricTable, Sample } from '../metrics/spec.ts'
import type { DnsClient } from '../sources/dns/client.ts'
import type { ClusterViews } from './views.ts'

/** One kind of what is watched. `name` is the label `collector`, and what the log says. */
export interface Signal<Options> {
  readonly name: string
  /** The section of a cluster's config that asks for it and holds its options; absent: the one called `name`. */
  readonly section?: string
  readonly metrics: MetricTable
  /** Labels that the config adds to metrics with `openLabels`, by metric. */
  openLabels?(options: Options): Readonly<Record<string, readonly string[]>>
  /** Loaded only when a config asks for it: the clients behind it cost tens of MB. */
  load(): Promise<{ create(options: Options, deps: CollectorDeps): Collector }>
  /** Tries the calls that its collector makes. Absent: it makes none that somebody has to allow. */
  loadAccess?(): Promise<{ readonly checkAccess: CheckAccess<Options> }>
}

/** Never throws for what the other side does or lacks. */
export type CheckAccess<Options> = (options: Options, deps: AccessDeps) => Promise<readonly Access[]>

export interface AccessDeps {
  readonly clock: Clock
  readonly dns: DnsClient
  /** Ends all of it. */
  readonly signal: AbortSignal
  /** Each call waits for its turn. */
  readonly turn: Turn
}

export interface Collector {
  readonly tasks: readonly Task[]
  /** What is watched, for /api/v1/status: JSON-safe, no secrets. */
  status(): unknown
  /** The config was read again and is the same for it: whoever asked for that wants to see what is so now. */
  reloaded?(): void
  /** Ends everything in flight. Called once, after the runner has aborted the tasks. */
  stop(): Promise<void>
}

export type ScheduleName = 'dns' | 'load_balancers' | 'heartbeats' | 'connections'

export type Task = ScheduledTask | StreamTask

/** Run by cron. A run that is still going is not run twice; `run` settles soon after the signal aborts. */
export interface ScheduledTask {
  readonly kind: 'scheduled'
  readonly name: string
  readonly schedule: ScheduleName
  /** true: a run that takes over half of the interval makes the next ones rarer, so that half of the time stays free. */
  readonly stretches?: boolean
  /** Bound of one run, given the schedule's interval. */
  timeoutMs(intervalMs: number): number
  run(context: RunContext): Promise<readonly Failure[]>
}

export interface RunContext {
  readonly signal: AbortSignal
  /** Shortest time between two runs by the schedule. */
  readonly intervalMs: number
  /** The first run answers as fast as it can; later ones spread their queries over the interval. */
  readonly first: boolean
  readonly trace: Trace
}

/** Runs as long as the program (a watch). It reports each success and failure; when it returns or throws it is started anew. */
export interface StreamTask {
  readonly kind: 'stream'
  readonly name: string
  run(context: StreamContext): Promise<void>
}

export interface StreamContext {
  readonly signal: AbortSignal
  readonly trace: Trace
  /** Data came or the connection proved alive. `durationMs` where a whole unit of work (a list) ended. */
  succeeded(durationMs?: number): void
  failed(failure: Failure): void
}

/** What a run asked, what came of it and what was decided, for people who want to know why. */
export interface Trace {
  /** `tell` is called at once, and not at all where no more of the run is kept: a trace costs a large run no more than a small one. */
  note(outcome: 'good' | 'failed', tell: () => Exchange): void
}

/** Words for people; no secret. */
export interface Exchange {
  /** What was asked of whom. */
  readonly asked: string
  /** What came, a line for each part of it. */
  readonly came: readonly string[]
  /** What was made of it. */
  readonly decided: string
}

export interface CollectorDeps {
  readonly cluster: string
  readonly clock: Clock
  readonly dns: DnsClient
  readonly metrics: ScopeFactory
  readonly books: Books
  readonly views: ClusterViews
  readonly changes: ChangeSink
  readonly log: CollectorLog
  /** How long a retired address stays in sight. */
  readonly retentionMs: number
  /** Longest time between two runs of a schedule, in ms. */
  intervalMs(schedule: ScheduleName): number
}

/** The series of one target (a hostname at one resolver, a load balancer). All carry `cluster`. */
export interface Scope<Name extends string = string> {
  /**
   * Replaces all gauges of the scope with these and counts as a good poll. Gauges that are not in `samples` leave.
   * The list and its samples are kept: hand over new ones each time, never change them in place.
   * Without another publish within the scope's `staleAfterMs` the gauges are withdrawn, but for `keptWhenStale` ones.
   */
  publish(samples: readonly Sample<Name>[]): void
  /** Adds to a counter; `by` 0 makes the series exist. */
  increment(metric: Name, labels: Labels, by?: number): void
  observe(metric: Name, labels: Labels, value: number): void
  /** true once `staleAfterMs` has passed since the last publish, or before the first. */
  stale(): boolean
  /** The target is gone: every series of the scope leaves /metrics. */
  drop(): void
}

export interface ScopeFactory {
  /**
   * The scope of `key`, made at its first use and kept over a reload. `staleAfterMs` is by contract
   * max(3 × interval, 2 minutes), see `staleAfter`.
   */
  scope<Name extends string>(key: string, staleAfterMs: number): Scope<Name>
  /** Drops the scopes whose keys are not in `keep`. */
  retain(keep: ReadonlySet<string>): void
}

/** Values are withdrawn after 3 missed schedules or 2 minutes, whichever is longer (rule of meaning 1). */
export function staleAfter(intervalMs: number): number {
  return Math.max(3 * intervalMs, 120_000)
}

/** What must survive a restart: JSON values by key, saved by the service after a change. Keys belong to one collector. */
export interface Books {
  get(key: string): unknown
  set(key: string, book: unknown): void
  delete(key: string): void
  keys(): readonly string[]
}

/** A change seen: one log line and one entry of /api/v1/events. */
export interface Change {
  readonly kind: 'elb_addresses' | 'dns_answer' | 'load_balancer' | 'node_readiness'
  /** What changed: the load balancer, `hostname type resolver`, or a node count in words. */
  readonly subject: string
  readonly message: string
  readonly added: readonly string[]
  readonly removed: readonly string[]
  readonly before: readonly string[]
  readonly after: readonly string[]
}

export interface ChangeSink {
  record(change: Change, atMs: number): void
}

/** pino's shape: object first, constant message last. */
export interface CollectorLog {
  debug(fields: object, message: string): void
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
}
