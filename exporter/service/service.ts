/**
 * Turns a config into running collectors, and one config into the next: what did not change goes on untouched, what
 * changed starts anew with the state that it had, what is gone leaves /metrics and the state file.
 */
import type { Clock } from '../core/clock.ts'
import type { MetricStore } from '../metrics/store.ts'
import type { Collector, ScheduleName, Signal } from '../signals/signal.ts'
import { type ClusterViews, clusterViews } from '../signals/views.ts'
import type { DnsClient } from '../sources/dns/client.ts'
import { ChangeHistory } from './changes.ts'
import type { ClusterConfig, Config } from './config/config.ts'
import type { Logger } from './log.ts'
import { RatioHistory, type RatioStretch } from './ratio-history.ts'
import type { TaskTrace } from './run-trace.ts'
import { Runner } from './runner.ts'
import { type Intervals, intervalsOf, type StartTimer } from './schedule.ts'
import type { StateFile } from './state-file.ts'

export interface ServiceDeps {
  readonly clock: Clock
  readonly log: Logger
  readonly metrics: MetricStore
  readonly state: StateFile
  readonly signals: readonly Signal<never>[]
  readonly startTimer: StartTimer
  createDns(resolvConf: string): DnsClient
}

interface Instance {
  readonly cluster: string
  readonly signal: Signal<never>
  /** What it was made from: the same text means that it can go on. */
  readonly made: string
  readonly runner: Runner
}

export interface ClusterStatus {
  readonly name: string
  readonly collectors: Readonly<Record<string, object>>
}

export class Service {
  readonly history: ChangeHistory
  readonly #deps: ServiceDeps
  readonly #instances = new Map<string, Instance>()
  readonly #views = new Map<string, ClusterViews>()
  readonly #ratios = new Map<string, RatioHistory>()
  #config: Config | undefined
  #dns: { readonly client: DnsClient; readonly resolvConf: string } | undefined

  constructor(deps: ServiceDeps) {
    this.#deps = deps
    this.history = new ChangeHistory(deps.state.owner(historyOwner))
  }

  /**
   * Not to be called again before it has ended. Throws where a collector cannot be made, and then the config before is in
   * force again.
   */
  async apply(config: Config): Promise<void> {
    const before = this.#config
    try {
      await this.#bring(config)
    } catch (error) {
      if (before !== undefined) await this.#bring(before)
      throw error
    }
    this.#config = config
    const kept = [...this.#instances.keys()]
    this.#deps.metrics.retainOwners(new Set([...kept, ...kept.map(selfOwner), serviceOwner]))
    this.#deps.state.retainOwners(new Set([...kept, historyOwner]))
  }

  async #bring(config: Config): Promise<void> {
    const wanted = plan(config, this.#deps.signals)
    // What is most likely to fail comes before anything is stopped.
    await Promise.all([...wanted.values()].map(({ signal }) => signal.load()))
    const over = [...this.#instances].filter(([id, { made }]) => wanted.get(id)?.made !== made)
    for (const [id] of over) this.#instances.delete(id)
    await Promise.all(over.map(([, { runner }]) => runner.stop()))
    await this.#useResolvers(config.resolvConf)
    this.#widenLabels(config)
    this.#setViews(config)
    const missing = [...wanted].filter(([id]) => !this.#instances.has(id))
    const intervals = lazyIntervals(config.schedules)
    const created: [string, Instance][] = []
    try {
      for (const [id, entry] of missing) created.push([id, await this.#create(id, entry, config, intervals)])
    } catch (error) {
      await Promise.all(created.map(([, { runner }]) => runner.stop()))
      throw error
    }
    for (const { runner } of this.#instances.values()) runner.reloaded()
    for (const [id, instance] of created) {
      this.#instances.set(id, instance)
      instance.runner.start()
    }
  }

  /** false until each collector has finished once, well or not. */
  ready(): { ready: boolean; waiting: readonly string[] } {
    const waiting = [...this.#instances].filter(([, { runner }]) => !runner.outcome().finishedOnce).map(([id]) => id)
    return { ready: this.#instances.size > 0 && waiting.length === 0, waiting }
  }

  status(): readonly ClusterStatus[] {
    const names = [...new Set([...this.#instances.values()].map(({ cluster }) => cluster))]
    return names.map((name) => {
      const own = [...this.#instances.values()].filter(({ cluster }) => cluster === name)
      return { name, collectors: Object.fromEntries(own.map(({ signal, runner }) => [signal.name, runner.status()])) }
    })
  }

  /** What the collector's runs asked, got and decided; undefined where the cluster has no such collector. */
  traces(cluster: string, collector: string): readonly TaskTrace[] | undefined {
    return this.#instances.get(idOf(cluster, collector))?.runner.traces()
  }

  /** The NotReady ratio over the last hour, oldest first; empty where nobody knows it. */
  ratios(cluster: string): readonly RatioStretch[] {
    return this.#ratios.get(cluster)?.list(this.now()) ?? []
  }

  /** ms since the epoch */
  now(): number {
    return this.#deps.clock.now()
  }

  /** Ends all collectors and writes what they know. */
  async stop(): Promise<void> {
    await Promise.all([...this.#instances.values()].map(({ runner }) => runner.stop()))
    this.#instances.clear()
    await this.#dns?.client.close()
    await this.#deps.state.flush()
  }

  async #useResolvers(resolvConf: string): Promise<void> {
    if (this.#dns?.resolvConf === resolvConf) return
    await this.#dns?.client.close()
    this.#dns = { client: this.#deps.createDns(resolvConf), resolvConf }
  }

  #setViews({ clusters }: Config): void {
    const names = new Set(clusters.map(({ name }) => name))
    for (const known of [this.#views, this.#ratios]) {
      for (const name of known.keys()) if (!names.has(name)) known.delete(name)
    }
    for (const name of names) {
      if (this.#views.has(name)) continue
      const [views, ratios] = [clusterViews(), new RatioHistory()]
      views.readiness.listen((readiness) => ratios.note(readiness, this.now()))
      this.#views.set(name, views)
      this.#ratios.set(name, ratios)
    }
  }

  #widenLabels({ clusters }: Config): void {
    for (const signal of this.#deps.signals) {
      for (const cluster of clusters) {
        const options = optionsOf(cluster, signal)
        if (options === undefined) continue
        for (const [metric, labels] of Object.entries(signal.openLabels?.(options) ?? {})) {
          this.#deps.metrics.widen(metric, labels)
        }
      }
    }
  }

  async #create(
    id: string,
    { cluster, signal, made, options }: Planned,
    config: Config,
    intervals: IntervalsOf,
  ): Promise<Instance> {
    const labels = { cluster, collector: signal.name }
    const log = this.#deps.log.child(labels)
    if (this.#dns === undefined) throw new Error('the resolvers are set up before the collectors')
    const { create } = await signal.load()
    const collector: Collector = create(options, {
      cluster,
      clock: this.#deps.clock,
      dns: this.#dns.client,
      metrics: this.#deps.metrics.owner(id, { cluster }),
      books: this.#deps.state.owner(id),
      views: this.#views.get(cluster) ?? clusterViews(),
      changes: this.history.sink(cluster, signal.name, log),
      log,
      retentionMs: config.retentionMs,
      intervalMs: (schedule) => intervals(schedule).longestMs,
    })
    const runner = new Runner(collector, {
      clock: this.#deps.clock,
      log,
      scope: this.#deps.metrics.owner(selfOwner(id), labels).scope('run', Number.POSITIVE_INFINITY),
      startTimer: this.#deps.startTimer,
      cron: (schedule) => config.schedules[schedule],
      intervalMs: (schedule) => intervals(schedule).shortestMs,
    })
    return { cluster, signal, made, runner }
  }
}

export const serviceOwner = 'service'
/** Of the changes in the state file. No collector is called so: their ids have a space. */
const historyOwner = 'changes'

type IntervalsOf = (schedule: ScheduleName) => Intervals

/** For all collectors, of those schedules that one has: to look at the ticks to come takes some 10 ms and 1 MB for each. */
function lazyIntervals(schedules: Config['schedules']): IntervalsOf {
  const known = new Map<ScheduleName, Intervals>()
  return (schedule) => {
    const intervals = known.get(schedule) ?? intervalsOf(schedules[schedule])
    known.set(schedule, intervals)
    return intervals
  }
}

function idOf(cluster: string, collector: string): string {
  return `${cluster} ${collector}`
}

function selfOwner(id: string): string {
  return `${id} self`
}

interface Planned {
  readonly cluster: string
  readonly signal: Signal<never>
  readonly options: never
  readonly made: string
}

/** The collectors that a config asks for: those whose section a cluster has. */
function plan(config: Config, signals: readonly Signal<never>[]): Map<string, Planned> {
  const { clusters, ...common } = config
  const planned = new Map<string, Planned>()
  for (const cluster of clusters) {
    for (const signal of signals) {
      const options = optionsOf(cluster, signal)
      if (options === undefined) continue
      const made = JSON.stringify([options, common])
      planned.set(idOf(cluster.name, signal.name), { cluster: cluster.name, signal, options, made })
    }
  }
  return planned
}

/** A section holds the options of its signals; the list of signals is typed without them. */
export function optionsOf(cluster: ClusterConfig, { name, section = name }: Signal<never>): never | undefined {
  return (cluster as unknown as Readonly<Record<string, never>>)[section]
}
