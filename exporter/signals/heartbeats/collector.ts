/** Lists the leases that kubelets renew every 10 s, and publishes how many nodes have stopped doing so. */
import { isoTime } from '../../core/iso-time.ts'
import type { Failure } from '../../core/poll.ts'
import type { Sample } from '../../metrics/spec.ts'
import { type FindAddresses, hostAddresses } from '../../sources/dns/host-addresses.ts'
import { type Bounds, defaultBounds } from '../../sources/kubernetes/bounds.ts'
import { KubernetesClient } from '../../sources/kubernetes/client.ts'
import { clusterCredentials } from '../../sources/kubernetes/credentials.ts'
import { listOnce, type ServerTime } from '../../sources/kubernetes/list.ts'

import { type Collector, type CollectorDeps, type RunContext, staleAfter, type Trace } from '../signal.ts'
import { named } from '../told.ts'
import { type Lease, pruneLease } from './lease.ts'
import type { HeartbeatsMetric } from './metrics.ts'
import type { HeartbeatsOptions } from './options.ts'
import { type Heartbeats, judge, type LeaseList, type Renewals, stepRenewals } from './renewals.ts'

/**
 * One answer holds all leases, 1 KB each: 60 MB for 50,000 nodes, of which one lease at a time is in memory. A server
 * that is dead is left after 7 s, so that the next run dials another.
 */
export const leaseBounds: Bounds = {
  ...defaultBounds,
  pageIdleMs: 4_000,
  pageTotalMs: 20_000,
  pageBytes: 256 * 1024 * 1024,
  pageItems: 500,
}
/** Longest wait of a first run for the list of nodes. */
const nodesWaitMs = 8_000
const runLimitMs = 30_000
/** Stale nodes that have a series of their own. */
const namedLimit = 1_000
const statusLimit = 100
const leases = {
  path: '/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases',
  plural: 'leases in kube-node-lease',
  // The leases of a large cluster all change every 10 s: reading them past the cache would be the etcd's main work.
  cached: true,
  prune: pruneLease,
}

/** What tests shorten or replace. */
export interface HeartbeatsTuning {
  readonly bounds?: Bounds
  readonly addressesOf?: FindAddresses
}

export function create(options: HeartbeatsOptions, deps: CollectorDeps, tuning: HeartbeatsTuning = {}): Collector {
  const collector = new HeartbeatsCollector(options, deps, tuning)
  return {
    tasks: [
      {
        kind: 'scheduled',
        name: 'leases',
        schedule: 'heartbeats',
        stretches: true,
        timeoutMs: (intervalMs) => Math.max(intervalMs, runLimitMs),
        run: (context) => collector.run(context),
      },
    ],
    status: () => collector.status(),
    stop: async () => collector.stop(),
  }
}

class HeartbeatsCollector {
  readonly #options: HeartbeatsOptions
  readonly #deps: CollectorDeps
  readonly #bounds: Bounds
  readonly #client: KubernetesClient
  #renewals: Renewals | undefined
  #last: { readonly atMs: number; readonly heartbeats: Heartbeats } | undefined
  /** The server's clock less ours, in ms. */
  #skewMs = 0

  constructor(
    options: HeartbeatsOptions,
    deps: CollectorDeps,
    { bounds = leaseBounds, addressesOf = hostAddresses(deps) }: HeartbeatsTuning,
  ) {
    this.#options = options
    this.#deps = deps
    this.#bounds = bounds
    this.#client = new KubernetesClient({
      credentials: clusterCredentials(options),
      clock: deps.clock,
      bounds,
      addressesOf,
    })
  }

  async run({ signal, trace }: RunContext): Promise<readonly Failure[]> {
    const { clock, views, metrics } = this.#deps
    const nodes = await views.nodes.within(nodesWaitMs, clock, signal)
    if (signal.aborted) return []
    if (nodes === undefined) return [nodesUnknown]
    const pages: (readonly Lease[])[] = []
    const end = await listOnce(this.#client, leases, (page) => pages.push(page), this.#bounds, signal)
    // Each run dials anew, through fresh DNS: no connection is old enough to have been black-holed unnoticed.
    this.#client.dialAnew()
    if (signal.aborted) return []
    if (end.kind !== 'listed') {
      if (end.failure.reason === 'tls' || end.failure.reason === 'network') this.#client.refreshCredentials()
      this.#tell(trace, end.failure)
      return [end.failure]
    }
    this.#renewals = stepRenewals(this.#renewals, this.#leaseList(pages.flat(), end.serverTime))
    const expects = (node: string) => nodes.has(node)
    const heartbeats = judge(this.#renewals, expects, clock.monotonic(), this.#options.heartbeatStaleAfterMs)
    this.#last = { atMs: clock.now(), heartbeats }
    const staleAfterMs = staleAfter(this.#deps.intervalMs('heartbeats'))
    metrics.scope<HeartbeatsMetric>('heartbeats', staleAfterMs).publish(samples(heartbeats, clock.now()))
    this.#tell(trace, undefined)
    return []
  }

  status(): object {
    const { heartbeats, atMs } = this.#last ?? {}
    const oldest = oldestFirst(heartbeats?.stale ?? [])
    return {
      server: this.#client.server,
      listed_at: isoTime(atMs),
      server_clock_ahead_seconds: Math.round(this.#skewMs / 1_000),
      nodes_with_lease: heartbeats?.counted ?? null,
      stale: oldest.slice(0, statusLimit).map(({ node, ageMs }) => ({ node, age_seconds: Math.round(ageMs / 1_000) })),
      stale_omitted: Math.max(0, oldest.length - statusLimit),
    }
  }

  stop(): void {
    this.#client.dialAnew()
  }

  #tell(trace: Trace, failure: Failure | undefined): void {
    const { counted = 0, stale = [], maxAgeMs = 0 } = this.#last?.heartbeats ?? {}
    const seconds = (ms: number) => `${(ms / 1_000).toFixed(1)} s`
    const oldest = oldestFirst(stale).map(({ node, ageMs }) => `${node} ${seconds(ageMs)}`)
    const came = `${this.#renewals?.byNode.size ?? 0} leases; the server's clock is ${seconds(this.#skewMs)} ahead`
    const judged = `${counted} nodes should renew a lease, the oldest renewal is ${seconds(maxAgeMs)} old`
    trace.note(failure === undefined ? 'good' : 'failed', () => ({
      asked: `list of ${leases.plural} from ${this.#client.server}`,
      came: [failure === undefined ? came : `${failure.reason}: ${failure.message}`],
      decided:
        failure === undefined
          ? `${judged}; later than ${seconds(this.#options.heartbeatStaleAfterMs)}: ${named(oldest)}`
          : 'a failed poll is not a change: what was known stays until it is too old',
    }))
  }

  #leaseList(found: readonly Lease[], serverTime: ServerTime | undefined): LeaseList {
    const { clock } = this.#deps
    const nowMs = clock.now()
    const atMs = serverTime?.atMs ?? nowMs
    // A Date is cut to the second, so the middle of that second is the best guess.
    this.#skewMs = serverTime === undefined ? 0 : serverTime.dateMs + 500 - atMs
    return {
      leases: found.filter(({ renewedMs }) => !Number.isNaN(renewedMs)),
      listedMs: clock.monotonic() - (nowMs - atMs),
      serverMs: atMs + this.#skewMs,
    }
  }
}

const nodesUnknown: Failure = {
  reason: 'timeout',
  message: 'the list of nodes is not known, so nobody can say whose heartbeat counts: see the collector nodes',
}

function samples({ stale, maxAgeMs }: Heartbeats, nowMs: number): Sample<HeartbeatsMetric>[] {
  const named = oldestFirst(stale).slice(0, namedLimit)
  return [
    { metric: 'elbchurn_nodes_heartbeat_stale', labels: {}, value: stale.length },
    ...(maxAgeMs === undefined
      ? []
      : [{ metric: 'elbchurn_node_heartbeat_age_max_seconds' as const, labels: {}, value: maxAgeMs / 1_000 }]),
    ...named.map(({ node, ageMs }) => ({
      metric: 'elbchurn_node_last_heartbeat_timestamp_seconds' as const,
      labels: { node },
      value: Math.round((nowMs - ageMs) / 1_000),
    })),
  ]
}

function oldestFirst(stale: Heartbeats['stale']): Heartbeats['stale'] {
  return [...stale].sort((left, right) => right.ageMs - left.ageMs)
}
