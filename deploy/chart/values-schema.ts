import { agentConfig, exporterConfig } from './config-schema.ts'

/** JSON Schema (draft 7, which Helm reads) of the chart's values. A key that nobody knows is refused, as in the config. */

const text = { type: 'string' }
const word = { type: 'string', minLength: 1 }
const flag = { type: 'boolean' }
/** Annotations, and labels of nodes: any there are. */
const texts = { type: 'object', additionalProperties: { type: 'string' } }
/** What Kubernetes and Helm know the chart's objects by is the chart's to say. */
const ownLabels = [
  ...['name', 'instance', 'component', 'managed-by'].map((name) => `app.kubernetes.io/${name}`),
  'helm.sh/chart',
]
const labels = { ...texts, properties: never(ownLabels) }
const free = { type: 'object' }
const freeList = { type: 'array', items: free }
const port = { type: 'integer', minimum: 1, maximum: 65_535 }
const seconds = { type: 'string', pattern: '^[1-9][0-9]*(ms|s|m)$' }
const names = { type: 'array', items: word }
/** Of an endpoint, but for what has a value of its own or is the same for all. */
const endpoint = {
  type: 'object',
  properties: never(['port', 'path', 'honorLabels', 'interval', 'scrapeTimeout', 'relabelings', 'metricRelabelings']),
}

/** Passed on to Kubernetes as they are; its own API server checks them. */
const scheduling = {
  nodeSelector: texts,
  tolerations: freeList,
  affinity: free,
  priorityClassName: text,
}

const pod = {
  podLabels: labels,
  podAnnotations: texts,
  resources: free,
  podSecurityContext: free,
  securityContext: free,
  ...scheduling,
}

export interface SchemaParts {
  /** Schema of the exporter's config. */
  readonly config: object
  /** Schema of the settings of the rules. */
  readonly settings: object
  readonly logLevels: readonly string[]
  readonly logFormats: readonly string[]
}

export function valuesSchema({ config, settings, logLevels, logFormats }: SchemaParts): object {
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'elb-churn-exporter chart',
    ...closed({
      global: free,
      nameOverride: text,
      fullnameOverride: { type: 'string', maxLength: 63 },
      commonLabels: labels,
      commonAnnotations: texts,
      image: image(),
      imagePullSecrets: freeList,
      exporter: closed({ enabled: flag }),
      replicas: { type: 'integer', minimum: 0 },
      revisionHistoryLimit: { type: 'integer', minimum: 0 },
      config: orNone(exporterConfig(config)),
      existingConfigMap: closed({ name: text, key: word }),
      configReload: { enum: ['auto', 'restart'] },
      log: closed({ level: { enum: logLevels }, format: { enum: logFormats } }),
      web: web(),
      storage: storage(),
      extraArgs: names,
      extraEnv: freeList,
      extraEnvFrom: freeList,
      extraVolumes: freeList,
      extraVolumeMounts: freeList,
      serviceAccount: serviceAccount(),
      rbac: closed({ create: flag }),
      service: closed({ type: { enum: ['ClusterIP', 'NodePort', 'LoadBalancer'] }, port, labels, annotations: texts }),
      deploymentLabels: labels,
      deploymentAnnotations: texts,
      ...pod,
      topologySpreadConstraints: freeList,
      terminationGracePeriodSeconds: { type: 'integer', minimum: 6 },
      podDisruptionBudget: podDisruptionBudget(),
      networkPolicy: networkPolicy(),
      prometheusOperator: prometheusOperator(),
      rules: closed({ enabled: flag, labels, annotations: texts, settings }),
      dashboards: closed({ enabled: flag, namespace: text, labels, annotations: texts }),
      agent: agent(config),
    }),
  }
}

/** An empty one means none. By if and else Helm tells the one fault, by anyOf also that the config is not empty. */
function orNone(config: object): object {
  return { type: 'object', if: { maxProperties: 0 }, else: config }
}

function agent(config: object): object {
  return closed({
    enabled: flag,
    cluster: text,
    resolvers: { ...names, minItems: 1 },
    config: orNone(agentConfig(config)),
    endpoint: { ...endpoint, type: ['object', 'null'] },
    metricRelabelings: { ...freeList, type: ['array', 'null'] },
    labels,
    annotations: texts,
    updateStrategy: free,
    extraArgs: names,
    extraEnv: freeList,
    extraEnvFrom: freeList,
    extraVolumes: freeList,
    extraVolumeMounts: freeList,
    ...pod,
  })
}

/** With none that may be missing, a node with a pod could not be drained. */
function podDisruptionBudget(): object {
  const share = { type: 'string', pattern: '^([1-9][0-9]?|100)%$' }
  return closed({ enabled: flag, maxUnavailable: { anyOf: [{ type: 'integer', minimum: 1 }, share] } })
}

/** Refuses these keys, and by this form Helm tells where they stand. */
function never(keys: readonly string[]): object {
  return Object.fromEntries(keys.map((key) => [key, false]))
}

function closed(properties: Record<string, object>): object {
  return { type: 'object', additionalProperties: false, properties }
}

function image(): object {
  return closed({
    repository: word,
    tag: text,
    digest: { type: 'string', pattern: '^(sha256:[0-9a-f]{64})?$' },
    pullPolicy: { enum: ['Always', 'IfNotPresent', 'Never'] },
  })
}

function web(): object {
  return closed({
    configSecret: text,
    configKey: word,
    probes: { enum: ['http', 'https', 'tcp'] },
    probeHeaders: { type: 'array', items: { ...closed({ name: word, value: text }), required: ['name', 'value'] } },
    maxRequests: { type: ['integer', 'null'], minimum: 0 },
  })
}

function storage(): object {
  return closed({
    sizeLimit: word,
    persistence: closed({
      enabled: flag,
      existingClaim: text,
      size: word,
      storageClassName: { type: ['string', 'null'] },
      annotations: texts,
    }),
  })
}

function serviceAccount(): object {
  const roleArn = { type: 'string', pattern: '^(arn:[a-z-]+:iam::[0-9]{12}:role/.+)?$' }
  return closed({ create: flag, name: text, annotations: texts, roleArn })
}

function networkPolicy(): object {
  const apiPorts = { type: 'array', minItems: 1, items: port }
  return closed({ enabled: flag, apiPorts, ingressFrom: freeList, extraEgress: freeList })
}

function prometheusOperator(): object {
  return closed({
    enabled: flag,
    labels,
    interval: seconds,
    scrapeTimeout: { type: 'string', pattern: '^([1-9][0-9]*(ms|s|m))?$' },
    endpoint,
    relabelings: freeList,
    metricRelabelings: freeList,
  })
}
