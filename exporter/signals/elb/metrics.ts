import type { MetricTable } from '../../metrics/spec.ts'

/** Metrics of the config section `load_balancers`. `load_balancer` is its name, see labels.ts. */
export const elbMetrics = {
  elbchurn_elb_addresses: {
    type: 'gauge',
    help: 'Addresses in service: in the DNS answers of the load balancer (dns), or on its network interfaces (eni).',
    labels: ['cluster', 'load_balancer', 'source'],
    cardinality: '2 per load balancer',
  },
  elbchurn_elb_address_info: {
    type: 'gauge',
    help: '1 for each address in sight: pending (has an interface, not in DNS yet), active (in DNS), retired (left DNS within the retention), dead (retired, and its interface is deleted).',
    labels: ['cluster', 'load_balancer', 'address', 'zone', 'state'],
    cardinality: 'addresses of the load balancer, at most 100, and those that left within the retention, at most 500',
  },
  elbchurn_elb_address_changes_total: {
    type: 'counter',
    help: 'Addresses that came into the DNS answers of the load balancer or left them.',
    labels: ['cluster', 'load_balancer', 'change'],
    cardinality: '2 per load balancer',
  },
  elbchurn_elb_address_last_change_timestamp_seconds: {
    type: 'gauge',
    help: 'When an address last came or left. Survives a restart; absent until the first change.',
    labels: ['cluster', 'load_balancer', 'change'],
    keptWhenStale: true,
    cardinality: '2 per load balancer',
  },
  elbchurn_elb_info: {
    type: 'gauge',
    help: '1 for each load balancer that AWS lists and the config asks for. Where load balancers may share a name, the first by config entry, type and id has it, and the others are called `name (type region)`.',
    labels: ['cluster', 'load_balancer', 'dns_name', 'scheme', 'type', 'region'],
    cardinality: '1 per load balancer',
  },
  elbchurn_elb_instances: {
    type: 'gauge',
    help: 'Instances registered with a classic load balancer by the state that its health check gives them.',
    labels: ['cluster', 'load_balancer', 'state'],
    cardinality: '3 per classic load balancer',
  },
  elbchurn_aws_requests_total: {
    type: 'counter',
    help: 'HTTP requests to AWS with retries, as AWS counts them for its limits, by the error code of the answer.',
    labels: ['cluster', 'service', 'operation', 'code'],
    cardinality: 'about 6 operations by the codes seen, at most 100',
  },
} as const satisfies MetricTable

export type ElbMetric = keyof typeof elbMetrics
