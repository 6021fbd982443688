/**
 * The config file as JSON Schema (draft-07), with every default and what each key means. The loader fills the defaults
 * in from here, so this is the one place where they stand. Committed as `exporter/config.schema.json` for editors.
 */

import { loadBalancerTypes } from '../../signals/elb/options.ts'
import { recordTypes } from '../../sources/dns/client.ts'

const cron = (seconds: number, what: string) => ({
  type: 'string',
  format: 'cron',
  default: `*/${seconds} * * * * *`,
  description: `Cron expression with seconds, in UTC: ${what}.`,
})
const text = (description: string) => ({ type: 'string', minLength: 1, description })
const list = (items: object, description: string) => ({ type: 'array', items, uniqueItems: true, description })
const section = (description: string, properties: object, required: readonly string[] = []) => ({
  type: 'object',
  additionalProperties: false,
  description,
  properties,
  required,
})
const resolver = { type: 'string', format: 'resolver' }

const nodes = section(
  'The nodes of the cluster, by the Kubernetes API. An empty map means the current kubeconfig context.',
  {
    kubeconfig: text('Path of a kubeconfig. Without it: $KUBECONFIG, then ~/.kube/config.'),
    context: text('Context of the kubeconfig. Without it: its current context.'),
    in_cluster: { type: 'boolean', default: false, description: 'Use the service account of the pod.' },
    group_by: {
      ...list(
        text('A node label.'),
        'Node labels that become labels of elbchurn_nodes, characters other than [a-zA-Z0-9_] as _.',
      ),
      default: [],
      maxItems: 5,
    },
    min_age: {
      type: 'string',
      format: 'time-span',
      default: '2m',
      description: 'A node younger than this is left out of elbchurn_nodes and counted as young.',
    },
    heartbeat_stale_after: {
      type: 'string',
      format: 'time-span',
      default: '25s',
      description:
        'A node whose lease was not renewed for so long has a stale heartbeat. Kubelets renew every 10 s; Kubernetes gives up after 40 to 50 s.',
    },
  },
)

const loadBalancer = section(
  'Load balancers of one account and region, found by names, by tags, or by both.',
  {
    region: text('AWS region.'),
    role_arn: { type: 'string', pattern: '^arn:[a-z-]+:iam::[0-9]{12}:role/.+$', description: 'Role to assume.' },
    endpoint: { type: 'string', format: 'http-url', description: 'Emulator or VPC endpoint, for all AWS calls.' },
    resolvers: {
      ...list(resolver, "Who is asked for the load balancer's own name: system, authoritative, or ip:port."),
      default: ['authoritative'],
      minItems: 1,
    },
    names: { ...list(text('A load balancer name.'), 'Load balancers by name.'), default: [] },
    tags: {
      type: 'object',
      additionalProperties: { type: 'string' },
      default: {},
      description:
        'Load balancers that carry all of these tags. Tags are read again after 60 s where they do not match or the load balancer is young, else after 120 s, and after a reload; with more than 240 load balancers of one API they take turns.',
    },
    types: {
      ...list({ type: 'string', enum: [...loadBalancerTypes] }, 'Kinds of load balancer to look among.'),
      default: [...loadBalancerTypes],
      minItems: 1,
    },
    interfaces: {
      type: 'boolean',
      default: false,
      description:
        'Also ask EC2 for the network interfaces of the load balancers: zones, and addresses that come or die.',
    },
  },
  ['region'],
)

const dns = section(
  'Hostnames whose answers are watched.',
  {
    resolvers: {
      ...list(resolver, 'Who is asked: system (resolv.conf), authoritative (the servers of the zone), or ip:port.'),
      default: ['system'],
      minItems: 1,
    },
    names: {
      type: 'array',
      minItems: 1,
      maxItems: 10_000,
      description: 'The hostnames.',
      items: section(
        'One hostname.',
        {
          hostname: { type: 'string', format: 'dns-name', description: 'Full name; search domains are not tried.' },
          types: {
            ...list({ type: 'string', enum: [...recordTypes] }, 'Record types. CNAMEs are followed to A and AAAA.'),
            default: ['A'],
            minItems: 1,
          },
        },
        ['hostname'],
      ),
    },
  },
  ['names'],
)

const cluster = section(
  'One Kubernetes cluster and what stands in front of its API.',
  {
    name: { ...text('Value of the label cluster on every metric.'), maxLength: 253 },
    nodes,
    load_balancers: {
      type: 'array',
      minItems: 1,
      maxItems: 100,
      items: loadBalancer,
      description: 'One entry per account and region.',
    },
    dns,
    connections: section(
      'The node agent: TCP connections of this machine to the addresses of dns.names. It reads <proc>/1/net/tcp and tcp6, the tables of the first process. With /proc itself, <proc>/net stands in where those cannot be read.',
      {
        proc: {
          ...text(
            "The folder in which 1/net is the host's /proc/1/net. In a pod mount that folder alone, at /host/proc/1/net.",
          ),
          default: '/proc',
        },
      },
    ),
    reachability: section(
      'One TCP connect to each active and retired address of load_balancers, on their schedule, spread over it, closed at once and without a byte. A server behind may log each as a TLS handshake that ended early; a retired address may belong to somebody else by now.',
      {
        port: { type: 'integer', minimum: 1, maximum: 65_535, description: 'TCP port.' },
        timeout: { type: 'string', format: 'time-span', default: '2s', description: 'Bound of one connect.' },
      },
      ['port'],
    ),
  },
  ['name'],
)

export const configSchema = {
  $schema: 'http://json-schema.org/draft-07/schema#',
  title: 'elb-churn-exporter',
  ...section(
    'Configuration of elb-churn-exporter.',
    {
      schedules: {
        ...section('When the collectors run.', {
          dns: cron(5, 'DNS answers, of watched names and of the load balancers own names'),
          load_balancers: cron(30, 'AWS calls'),
          heartbeats: cron(10, 'node leases'),
          connections: cron(5, 'connections of the node agent'),
        }),
        default: {},
      },
      retention: {
        type: 'string',
        format: 'time-span',
        default: '1h',
        description: 'How long a retired address stays in sight.',
      },
      resolv_conf: {
        ...text(
          'Where the system resolver is configured, for watched names and for finding the Kubernetes API. Mount the file of the node to see what its kubelet sees.',
        ),
        default: '/etc/resolv.conf',
      },
      clusters: { type: 'array', minItems: 1, maxItems: 1_000, items: cluster, description: 'What is watched.' },
    },
    ['clusters'],
  ),
} as const
