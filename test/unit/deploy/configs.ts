/** Configs that check-config takes, and that it refuses by their form. */
export const names = [{ hostname: 'api.example.com' }]
export const balancer = { region: 'us-west-2', names: ['api'] }

export function withCluster(cluster: object): object {
  return { clusters: [{ name: 'prod', dns: { names }, ...cluster }] }
}

export const good: Readonly<Record<string, object>> = {
  'every section': withCluster({
    nodes: { in_cluster: true },
    load_balancers: [balancer, { region: 'us-west-2', tags: { a: 'b' }, endpoint: 'HTTP://127.0.0.1:4566/aws' }],
    reachability: { port: 443 },
    connections: {},
  }),
  'another cluster by a kubeconfig': withCluster({ nodes: { kubeconfig: '/a', context: 'b', in_cluster: false } }),
  'every kind of resolver': withCluster({
    dns: { names, resolvers: ['system', 'authoritative', '10.0.0.2', '10.0.0.2:65535', 'fd00::53', '[fd00::53]:5300'] },
  }),
  'every kind of hostname': withCluster({
    dns: {
      names: [
        'localhost',
        'api.example.com.',
        '_etcd._tcp.example.com',
        'bücher.example',
        '1password.com',
        'xn--a-0ga',
      ].map((hostname) => ({ hostname })),
    },
  }),
  'schedules of all sorts': {
    schedules: { dns: '*/10 * * * * *', heartbeats: '0,30 1-5 * 1 jan mon' },
    ...withCluster({}),
  },
}

export const bad: Readonly<Record<string, object>> = {
  'a resolver by a name': withCluster({ dns: { names, resolvers: ['dns.x.com'] } }),
  'a port that is none': withCluster({ dns: { names, resolvers: ['10.0.0.2:99999'] } }),
  'a port of 0': withCluster({ dns: { names, resolvers: ['10.0.0.2:0'] } }),
  'a part of an address over 255': withCluster({ dns: { names, resolvers: ['10.0.0.256'] } }),
  'a URL for a hostname': withCluster({ dns: { names: [{ hostname: 'https://api.x.com' }] } }),
  'a hostname with a port': withCluster({ dns: { names: [{ hostname: 'api.x.com:6443' }] } }),
  'an address for a hostname': withCluster({ dns: { names: [{ hostname: '10.0.0.1' }] } }),
  'an empty label': withCluster({ dns: { names: [{ hostname: 'api..example.com' }] } }),
  'an endpoint without a scheme': withCluster({ load_balancers: [{ ...balancer, endpoint: 'localhost:4566' }] }),
  'a schedule in words': { schedules: { dns: 'every 5s' }, ...withCluster({}) },
  'a schedule without seconds': { schedules: { dns: '*/5 * * * *' }, ...withCluster({}) },
  'load balancers without names or tags': withCluster({ load_balancers: [{ region: 'us-west-2' }] }),
  'load balancers with none of either': withCluster({ load_balancers: [{ region: 'us-west-2', names: [], tags: {} }] }),
  'a cluster that watches nothing': { clusters: [{ name: 'prod' }] },
  'an account and a kubeconfig': withCluster({ nodes: { in_cluster: true, kubeconfig: '/a' } }),
  'an account and a context': withCluster({ nodes: { in_cluster: true, context: 'a' } }),
  'connections without names': { clusters: [{ name: 'prod', nodes: {}, connections: {} }] },
  'reachability without load balancers': withCluster({ reachability: { port: 443 } }),
}
