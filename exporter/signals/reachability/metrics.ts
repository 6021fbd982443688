import type { MetricTable } from '../../metrics/spec.ts'

/** Metrics of TCP connects to each address in sight. */
export const reachabilityMetrics = {
  elbchurn_elb_address_reachable: {
    type: 'gauge',
    help: 'Whether a TCP connect from here to the address (active or retired) and the probe port worked, at the last try.',
    labels: ['cluster', 'load_balancer', 'address', 'state'],
    cardinality: 'active and retired addresses of the load balancers, at most 1,000 of a cluster',
  },
} as const satisfies MetricTable

export type ReachabilityMetric = keyof typeof reachabilityMetrics
