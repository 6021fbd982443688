/** Values that the chart is rendered with, from the least to everything at once. */
const cluster = {
  name: 'prod-us-west-2',
  nodes: { in_cluster: true, group_by: ['topology.kubernetes.io/zone'] },
  load_balancers: [{ region: 'us-west-2', names: ['k8s-api'], interfaces: true }],
  dns: {
    resolvers: ['system', 'authoritative', '10.0.0.2:53'],
    names: [{ hostname: 'api.prod.example.com', types: ['A', 'AAAA'] }],
  },
}

export const config = { retention: '2h', clusters: [cluster] }

const other = {
  name: 'prod-eu-west-1',
  nodes: { kubeconfig: '/etc/kubeconfigs/prod-eu-west-1', context: 'prod-eu-west-1' },
  load_balancers: [
    {
      region: 'eu-west-1',
      tags: { KubernetesCluster: 'prod' },
      endpoint: 'http://vpce.example.com',
      resolvers: ['10.1.0.2:5353'],
    },
  ],
  dns: { names: [{ hostname: 'api.eu.example.com' }], resolvers: ['[fd00::53]:5300'] },
  reachability: { port: 8443 },
}

export const everything = {
  commonLabels: { team: 'platform' },
  commonAnnotations: { 'example.com/owner': 'platform' },
  image: { repository: 'registry.example.com/elb-churn-exporter', digest: `sha256:${'0'.repeat(64)}` },
  imagePullSecrets: [{ name: 'registry' }],
  config: { schedules: { dns: '*/10 * * * * *' }, clusters: [cluster, other] },
  web: { configSecret: 'elb-churn-web', probes: 'https', maxRequests: 20 },
  log: { level: 'debug', format: 'logfmt' },
  extraArgs: ['--log.level=info'],
  extraEnv: [{ name: 'AWS_STS_REGIONAL_ENDPOINTS', value: 'regional' }],
  extraEnvFrom: [{ secretRef: { name: 'aws', optional: true } }],
  extraVolumes: [{ name: 'kubeconfigs', secret: { secretName: 'kubeconfigs' } }],
  extraVolumeMounts: [{ name: 'kubeconfigs', mountPath: '/etc/kubeconfigs', readOnly: true }],
  serviceAccount: { roleArn: 'arn:aws:iam::111122223333:role/reader', annotations: { 'example.com/a': 'b' } },
  service: { type: 'NodePort', port: 80, labels: { a: 'b' }, annotations: { c: 'd' } },
  deploymentLabels: { a: 'b' },
  deploymentAnnotations: { c: 'd' },
  podLabels: { e: 'f' },
  podAnnotations: { g: 'h' },
  nodeSelector: { 'kubernetes.io/os': 'linux' },
  affinity: {
    nodeAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: {
        nodeSelectorTerms: [{ matchExpressions: [{ key: 'a', operator: 'Exists' }] }],
      },
    },
  },
  priorityClassName: 'system-cluster-critical',
  networkPolicy: {
    ingressFrom: [{ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'monitoring' } } }],
    extraEgress: [{ to: [{ ipBlock: { cidr: '169.254.169.254/32' } }], ports: [{ protocol: 'TCP', port: 80 }] }],
  },
  prometheusOperator: {
    enabled: true,
    labels: { release: 'kube-prometheus-stack' },
    endpoint: { scheme: 'https', tlsConfig: { insecureSkipVerify: true } },
    relabelings: [{ targetLabel: 'environment', replacement: 'prod' }],
    metricRelabelings: [{ action: 'drop', sourceLabels: ['__name__'], regex: 'nodejs_.*' }],
  },
  rules: { labels: { x: 'y' }, annotations: { z: 'w' }, settings: { prometheusrule_labels: { role: 'alert-rules' } } },
  dashboards: { enabled: true, namespace: 'grafana' },
  agent: {
    enabled: true,
    cluster: 'prod-eu-west-1',
    priorityClassName: 'system-node-critical',
    extraArgs: ['--log.level=warn'],
  },
}

export const matrix: Readonly<Record<string, object>> = {
  'nothing set': {},
  'a config': { config },
  'a config without an account of this cluster': { config: { clusters: [other] } },
  'a ConfigMap of its own': { existingConfigMap: { name: 'elb-churn', key: 'elb.yaml' } },
  'pods that are replaced by a new config': { config, configReload: 'restart', agent: { enabled: true } },
  'a volume': { replicas: 1, storage: { persistence: { enabled: true, storageClassName: 'gp3' } } },
  'a volume that is there': { replicas: 1, storage: { persistence: { enabled: true, existingClaim: 'state' } } },
  'an account that is there': { serviceAccount: { create: false, name: 'reader' }, rbac: { create: false } },
  'nothing optional': { podDisruptionBudget: { enabled: false }, networkPolicy: { enabled: false }, replicas: 1 },
  agents: { config, agent: { enabled: true } },
  'agents with a config of their own': {
    agent: {
      enabled: true,
      config: { clusters: [{ name: 'a', dns: cluster.dns, connections: { proc: '/host/proc' } }] },
    },
  },
  'probes of the port alone': { web: { configSecret: 'web', probes: 'tcp' } },
  everything: everything,
}
