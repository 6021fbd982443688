import { period } from '../../alerts/settings.ts'

/** JSON Schema (draft 7, which Helm reads) of the chart's values. A key that nobody knows is refused, as in the config. */

const text = { type: 'string' }
const word = { type: 'string', minLength: 1 }
const flag = { type: 'boolean' }
const labels = { type: 'object', additionalProperties: { type: 'string' } }
const free = { type: 'object' }
const freeList = { type: 'array', items: free }
const port = { type: 'integer', minimum: 1, maximum: 65_535 }
const seconds = { type: 'string', pattern: '^[1-9][0-9]*(ms|s|m)$' }
const names = { type: 'array', items: word }

/** Passed on to Kubernetes as they are; its own API server checks them. */
const scheduling = {
  nodeSelector: labels,
  tolerations: freeList,
  affinity: free,
  priorityClassName: text,
}

const pod = {
  podLabels: labels,
  podAnnotations: labels,
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
}

export function valuesSchema({ config, settings }: SchemaParts): object {
  // An empty one means none. By if and else Helm tells the one fault, by anyOf also that the config is not empty.
  const given = { type: 'object', if: { maxProperties: 0 }, else: forHelm(withoutId(config)) }
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'elb-churn-exporter chart',
    ...closed({
      global: free,
      nameOverride: text,
      fullnameOverride: { type: 'string', maxLength: 63 },
      commonLabels: labels,
      commonAnnotations: labels,
      image: image(),
      imagePullSecrets: freeList,
      replicas: { type: 'integer', minimum: 0 },
      revisionHistoryLimit: { type: 'integer', minimum: 0 },
      config: given,
      existingConfigMap: closed({ name: text, key: word }),
      configReload: { enum: ['auto', 'restart'] },
      log: closed({
        level: { enum: ['trace', 'debug', 'info', 'warn', 'error'] },
        format: { enum: ['json', 'logfmt'] },
      }),
      web: web(),
      storage: storage(),
      extraArgs: names,
      extraEnv: freeList,
      extraEnvFrom: freeList,
      extraVolumes: freeList,
      extraVolumeMounts: freeList,
      serviceAccount: serviceAccount(),
      rbac: closed({ create: flag }),
      service: closed({ type: { enum: ['ClusterIP', 'NodePort', 'LoadBalancer'] }, port, labels, annotations: labels }),
      deploymentLabels: labels,
      deploymentAnnotations: labels,
      ...pod,
      topologySpreadConstraints: freeList,
      terminationGracePeriodSeconds: { type: 'integer', minimum: 6 },
      podDisruptionBudget: closed({ enabled: flag, maxUnavailable: { type: ['integer', 'string'] } }),
      networkPolicy: networkPolicy(),
      prometheusOperator: prometheusOperator(),
      rules: closed({ enabled: flag, labels, annotations: labels, settings }),
      dashboards: closed({ enabled: flag, namespace: text, labels, annotations: labels }),
      agent: closed({
        enabled: flag,
        cluster: text,
        config: given,
        labels,
        annotations: labels,
        updateStrategy: free,
        extraArgs: names,
        extraEnv: freeList,
        ...pod,
      }),
    }),
  }
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
      annotations: labels,
    }),
  })
}

function serviceAccount(): object {
  const roleArn = { type: 'string', pattern: '^(arn:[a-z-]+:iam::[0-9]{12}:role/.+)?$' }
  return closed({ create: flag, name: text, annotations: labels, roleArn })
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
    scrapeTimeout: seconds,
    endpoint: free,
    relabelings: freeList,
    metricRelabelings: freeList,
  })
}

/** A schema within another must not call itself a document. */
function withoutId(schema: object): object {
  return Object.fromEntries(Object.entries(schema).filter(([key]) => key !== '$schema'))
}

/** The config's own formats are its program's to check; Helm can check those that are patterns. */
function forHelm(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(forHelm)
  if (typeof schema !== 'object' || schema === null) return schema
  const { format, ...rest } = schema as { format?: unknown }
  const inner = Object.fromEntries(Object.entries(rest).map(([key, value]) => [key, forHelm(value)]))
  // A property may be called format.
  if (typeof format === 'object') return { ...inner, format: forHelm(format) }
  return format === 'time-span' ? { ...inner, ...period(1, '').schema } : inner
}
