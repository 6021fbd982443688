import type { MetricTable } from '../../metrics/spec.ts'

/** Metrics of the node agent: TCP connections of its machine to the addresses of watched hostnames. */
export const connectionsMetrics = {
  elbchurn_connections: {
    type: 'gauge',
    help: 'Established TCP connections from this machine to the addresses of the hostname: to those in its DNS answers (active), and to those that left within the retention or are still connected to (retired).',
    labels: ['cluster', 'hostname', 'state'],
    cardinality: '2 per hostname',
  },
  elbchurn_connections_stalled: {
    type: 'gauge',
    help: 'Of these, connections with unacknowledged data that was sent again 3 times or more in vain. A zero window is no stall, and an idle connection to a dead address cannot be seen.',
    labels: ['cluster', 'hostname', 'state'],
    cardinality: '2 per hostname',
  },
  elbchurn_connections_stalled_seconds_total: {
    type: 'counter',
    help: 'Connection-seconds spent stalled: stalls between two scrapes count.',
    labels: ['cluster', 'hostname', 'state'],
    cardinality: '2 per hostname',
  },
} as const satisfies MetricTable

export type ConnectionsMetric = keyof typeof connectionsMetrics
