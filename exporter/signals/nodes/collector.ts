/** Follows the nodes of a cluster and publishes who should be ready and is not, within a quarter of a second. */
import { isoTime } from '../../core/iso-time.ts'
import type { Failure } from '../../core/poll.ts'
import type { Sample } from '../../metrics/spec.ts'
import { type FindAddresses, hostAddresses } from '../../sources/dns/host-addresses.ts'
import { type Bounds, defaultBounds } from '../../sources/kubernetes/bounds.ts'
import { KubernetesClient } from '../../sources/kubernetes/client.ts'
import { clusterCredentials } from '../../sources/kubernetes/credentials.ts'
import { type ListWatchSink, listWatch } from '../../sources/kubernetes/list-watch.ts'
import type { EventType } from '../../sources/kubernetes/watch.ts'
import type { Collector, CollectorDeps, Scope, StreamContext } from '../signal.ts'
import type { ExpectedNodes, Readiness } from '../views.ts'
import { groupLabel } from './labels.ts'
import type { NodesMetric } from './metrics.ts'
import { type NodeRecord, pruneNode, readyValues } from './node.ts'
import type { NodesOptions } from './options.ts'
import { type Instant, NodeLedger, usualReasons } from './readiness.ts'
import { nodeSamples, oldestNotReady, readinessChange } from './samples.ts'

/** Values of a watch that fell silent are withdrawn after this (rule of meaning 1). */
const staleAfterMs = 120_000
const tickMs = 1_000
/** Changes within this time are published together. */
const gatherMs = 50
/** Publishing takes at most this share of the time, however much changes. */
const publishShare = 0.2
const limits = { nodes: 1_000, reasons: 50, groups: 500, status: 100 }

/** What tests shorten or replace. */
export interface NodesTuning {
  readonly bounds?: Bounds
  readonly addressesOf?: FindAddresses
  readonly random?: () => number
}

export function create(options: NodesOptions, deps: CollectorDeps, tuning: NodesTuning = {}): Collector {
  return new NodesCollector(options, deps, tuning)
}

class NodesCollector implements Collector, ListWatchSink<NodeRecord> {
  readonly tasks = [{ kind: 'stream' as const, name: 'watch', run: (context: StreamContext) => this.#run(context) }]
  readonly #options: NodesOptions
  readonly #deps: CollectorDeps
  readonly #bounds: Bounds
  readonly #random: () => number
  readonly #client: KubernetesClient
  readonly #scope: Scope<NodesMetric>
  readonly #ledger: NodeLedger
  readonly #groupLabels: readonly string[]
  readonly #expected: ExpectedNodes = { has: (node) => this.#ledger.expects(node) }
  #readiness: Readiness | undefined
  #context: StreamContext | undefined
  /** Listed whole, and the watch works: what the ledger holds is true now. */
  #current = false
  #toldAliveAt = Number.NEGATIVE_INFINITY
  #gathering = false
  #publishCostMs = 0
  #samples: { readonly version: number; readonly list: readonly Sample<NodesMetric>[] } | undefined
  #listedAtMs: number | undefined
  #eventAtMs: number | undefined
  #failure: (Failure & { readonly atMs: number }) | undefined

  constructor(options: NodesOptions, deps: CollectorDeps, tuning: NodesTuning) {
    this.#options = options
    this.#deps = deps
    this.#bounds = tuning.bounds ?? defaultBounds
    this.#random = tuning.random ?? Math.random
    this.#groupLabels = options.groupBy.map(groupLabel)
    this.#client = new KubernetesClient({
      credentials: clusterCredentials(options),
      clock: deps.clock,
      bounds: this.#bounds,
      addressesOf: tuning.addressesOf ?? hostAddresses(deps),
    })
    this.#scope = deps.metrics.scope<NodesMetric>('nodes', staleAfterMs)
    this.#ledger = new NodeLedger({
      minAgeMs: options.minAgeMs,
      reasonLimit: limits.reasons,
      groupLimit: limits.groups,
    })
  }

  status(): unknown {
    const { total, excluded, notReady } = this.#ledger
    return {
      server: this.#client.server,
      address: this.#client.address ?? null,
      current: this.#current,
      listed_at: isoTime(this.#listedAtMs),
      last_event_at: isoTime(this.#eventAtMs),
      last_failure:
        this.#failure === undefined
          ? null
          : { at: isoTime(this.#failure.atMs), reason: this.#failure.reason, message: this.#failure.message },
      nodes: total,
      excluded: { ...excluded },
      not_ready: oldestNotReady(notReady.values(), limits.status).map(({ name, ready, reason, sinceMs }) => ({
        node: name,
        ready,
        reason,
        since: isoTime(sinceMs),
      })),
      not_ready_omitted: Math.max(0, notReady.size - limits.status),
    }
  }

  async stop(): Promise<void> {
    this.#withdraw()
    this.#client.dialAnew()
  }

  listing(): void {
    this.#ledger.beginList()
  }

  page(records: readonly NodeRecord[]): void {
    const at = this.#instant()
    for (const record of records) this.#ledger.upsert(record, at)
  }

  listed(durationMs: number, following: boolean): void {
    this.#listedAtMs = this.#deps.clock.now()
    this.#ledger.endList(this.#instant())
    this.#context?.trace.note('good', () => ({
      asked: `list of nodes from ${this.#client.server}`,
      came: [`${this.#ledger.size} nodes in ${Math.round(durationMs)} ms, by ${this.#client.address ?? 'no address'}`],
      decided: `${this.#counts()}${following ? '' : '; the watch before it failed, so changes may go unseen'}`,
    }))
    if (following) this.#prove(durationMs)
    this.#publish()
  }

  event(type: EventType, record: NodeRecord): void {
    const { version } = this.#ledger
    this.#eventAtMs = this.#deps.clock.now()
    if (type === 'deleted') this.#ledger.remove(record.name, record.uid, this.#instant())
    else this.#ledger.upsert(record, this.#instant())
    if (this.#ledger.version === version) return
    this.#gather()
    this.#context?.trace.note('good', () => ({
      asked: 'watch of nodes',
      came: [`${type} ${record.name}: Ready ${record.ready}${record.reason === '' ? '' : ` (${record.reason})`}`],
      decided: this.#counts(),
    }))
  }

  alive(): void {
    const due = this.#deps.clock.monotonic() - this.#toldAliveAt >= tickMs
    if (due || !this.#current) this.#prove(undefined)
  }

  failed(failure: Failure): void {
    this.#current = false
    this.#failure = { ...failure, atMs: this.#deps.clock.now() }
    this.#context?.trace.note('failed', () => ({
      asked: `watch of nodes at ${this.#client.server}`,
      came: [`${failure.reason}: ${failure.message}`],
      decided: `a failed poll is not a change: ${this.#counts()} as known before, until that is too old`,
    }))
    this.#context?.failed(failure)
  }

  async #run(context: StreamContext): Promise<void> {
    const ended = new AbortController()
    const signal = AbortSignal.any([context.signal, ended.signal])
    const { clock } = this.#deps
    const resource = {
      path: '/api/v1/nodes',
      plural: 'nodes',
      prune: (object: unknown) => pruneNode(object, this.#options.groupBy),
    }
    this.#context = context
    const ticking = this.#tick(signal)
    try {
      await listWatch(this.#client, resource, this, { clock, bounds: this.#bounds, random: this.#random }, signal)
    } finally {
      this.#current = false
      ended.abort()
      await ticking
    }
  }

  async #tick(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.#deps.clock.sleep(tickMs, signal)
      if (signal.aborted) return
      if (this.#current) this.#publish()
      else if (this.#scope.stale()) this.#forget()
      else this.#count()
    }
  }

  #counts(): string {
    const { total, notReady, excluded } = this.#ledger
    const out = Object.entries(excluded).map(([why, count]) => `${count} ${why}`)
    return `${notReady.size} of ${total} not ready, left out: ${out.join(', ')}`
  }

  #prove(durationMs: number | undefined): void {
    const recovered = !this.#current
    this.#current = true
    this.#toldAliveAt = this.#deps.clock.monotonic()
    this.#context?.succeeded(durationMs)
    if (recovered) this.#gather()
  }

  #gather(): void {
    if (this.#gathering) return
    this.#gathering = true
    const waitMs = Math.max(gatherMs, this.#publishCostMs / publishShare)
    void this.#deps.clock.sleep(waitMs, this.#context?.signal).then(() => {
      this.#gathering = false
      if (this.#current && this.#context?.signal.aborted === false) this.#publish()
    })
  }

  #publish(): void {
    const startedAt = this.#deps.clock.monotonic()
    this.#count()
    this.#ledger.resume(this.#instant())
    this.#deps.views.nodes.tell(this.#expected)
    this.#readiness = { expected: this.#ledger.total, notReady: this.#ledger.notReady.size }
    this.#deps.views.readiness.tell(this.#readiness)
    const { version } = this.#ledger
    if (this.#samples?.version !== version) {
      this.#samples = { version, list: nodeSamples(this.#ledger, this.#groupLabels, limits.nodes) }
    }
    this.#scope.publish(this.#samples.list)
    this.#publishCostMs = this.#deps.clock.monotonic() - startedAt
  }

  /** The watch has failed for so long that nobody knows the nodes any more. */
  #forget(): void {
    this.#withdraw()
    this.#ledger.pause(this.#instant())
  }

  #withdraw(): void {
    this.#deps.views.nodes.withdraw(this.#expected)
    if (this.#readiness !== undefined) this.#deps.views.readiness.withdraw(this.#readiness)
  }

  /** Takes what happened from the ledger into the counters and the history. */
  #count(): void {
    this.#ledger.advance(this.#instant())
    const happened = this.#ledger.take()
    for (const to of readyValues) {
      this.#scope.increment('elbchurn_node_ready_transitions_total', { to }, happened.transitions[to])
    }
    this.#scope.increment('elbchurn_nodes_left_ready_total', {}, happened.leftReady)
    for (const reason of usualReasons) this.#scope.increment('elbchurn_node_not_ready_seconds_total', { reason }, 0)
    for (const [reason, seconds] of happened.notReadySeconds) {
      this.#scope.increment('elbchurn_node_not_ready_seconds_total', { reason }, seconds)
    }
    const change = readinessChange(happened, this.#ledger)
    if (change !== undefined) this.#deps.changes.record(change, this.#deps.clock.now())
  }

  #instant(): Instant {
    return { nowMs: this.#deps.clock.now(), monotonicMs: this.#deps.clock.monotonic() }
  }
}
