import type { MetricTable } from '../../metrics/spec.ts'

/** Metrics of TCP connects to each address in sight. */
export const reachabilityMetrics = {
  elbchurn_elb_address_reachable: {
    type: 'gauge',
    help: 'Whether a TCP connect to the address and the probe port worked.',
    labels: ['cluster', 'load_balancer', 'address', 'state'],
    cardinality: 'addresses in sight of the load balancer',
  },
} as const satisfies MetricTable
