import type { MetricTable } from '../../metrics/spec.ts'

/** Metrics of node leases: who has stopped renewing, before the node controller notices. */
export const heartbeatsMetrics = {
  elbchurn_nodes_heartbeat_stale: {
    type: 'gauge',
    help: 'Nodes whose lease was not renewed for longer than the threshold (25 s by default).',
    labels: ['cluster'],
    cardinality: '1 per cluster',
  },
  elbchurn_node_heartbeat_age_max_seconds: {
    type: 'gauge',
    help: 'Age of the oldest lease renewal among the nodes that should be ready.',
    labels: ['cluster'],
    cardinality: '1 per cluster',
  },
  elbchurn_node_last_heartbeat_timestamp_seconds: {
    type: 'gauge',
    help: 'When a node with a stale heartbeat last renewed its lease, Unix time: the nodes behind elbchurn_nodes_heartbeat_stale.',
    labels: ['cluster', 'node'],
    cardinality: '1 for each stale node, the 1000 oldest at most',
  },
} as const satisfies MetricTable

export type HeartbeatsMetric = keyof typeof heartbeatsMetrics
