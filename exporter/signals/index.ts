/** The one list of signals. Config sections, metrics, their reference and the collectors that run all follow from it. */
import { connectionsMetrics } from './connections/metrics.ts'
import type { ConnectionsOptions } from './connections/options.ts'
import { dnsMetrics } from './dns/metrics.ts'
import type { DnsOptions } from './dns/options.ts'
import { elbMetrics } from './elb/metrics.ts'
import type { LoadBalancerOptions } from './elb/options.ts'
import { heartbeatsMetrics } from './heartbeats/metrics.ts'
import type { HeartbeatsOptions } from './heartbeats/options.ts'
import { groupLabel } from './nodes/labels.ts'
import { nodesMetrics } from './nodes/metrics.ts'
import type { NodesOptions } from './nodes/options.ts'
import { reachabilityMetrics } from './reachability/metrics.ts'
import type { ReachabilityOptions } from './reachability/options.ts'
import type { Signal } from './signal.ts'

const loadBalancers: Signal<readonly LoadBalancerOptions[]> = {
  name: 'load_balancers',
  metrics: elbMetrics,
  load: () => import('./elb/collector.ts'),
  loadAccess: () => import('./elb/access.ts'),
}

const dns: Signal<DnsOptions> = {
  name: 'dns',
  metrics: dnsMetrics,
  load: () => import('./dns/collector.ts'),
  loadAccess: () => import('./dns/access.ts'),
}

const nodes: Signal<NodesOptions> = {
  name: 'nodes',
  metrics: nodesMetrics,
  openLabels: ({ groupBy }) => ({ elbchurn_nodes: groupBy.map(groupLabel) }),
  load: () => import('./nodes/collector.ts'),
  loadAccess: () => import('./nodes/access.ts'),
}

const heartbeats: Signal<HeartbeatsOptions> = {
  name: 'heartbeats',
  section: 'nodes',
  metrics: heartbeatsMetrics,
  load: () => import('./heartbeats/collector.ts'),
  loadAccess: () => import('./heartbeats/access.ts'),
}

const connections: Signal<ConnectionsOptions> = {
  name: 'connections',
  metrics: connectionsMetrics,
  load: () => import('./connections/collector.ts'),
  loadAccess: () => import('./connections/access.ts'),
}

const reachability: Signal<ReachabilityOptions> = {
  name: 'reachability',
  metrics: reachabilityMetrics,
  load: () => import('./reachability/collector.ts'),
}

export const signals: readonly Signal<never>[] = [loadBalancers, dns, nodes, heartbeats, connections, reachability]
