/**
 * The schema of the exporter's config as Helm can hold a file to it: formats as patterns, and what check-config asks of
 * sections that need or exclude each other. What no draft 7 schema can say is left to check-config. The patterns are of
 * the syntax that Go's regexp and JavaScript share.
 */
import { period } from '../../alerts/settings.ts'

type Schema = Readonly<Record<string, unknown>>

const byte = '(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])'
const ipv4 = `(${byte}\\.){3}${byte}`
/** Roughly: two colons at the least. */
const ipv6 = '[0-9A-Fa-f]*:[0-9A-Fa-f]*:[0-9A-Fa-f:.]*(%[0-9A-Za-z._~-]+)?'
const port = '([1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])'
/** Letters beyond ASCII are of internationalised names. */
const label = '([0-9A-Za-z_-]|[^\\x00-\\x7F]){1,63}'
/** A name that ends in a number is an address. */
const lastLabel = '([0-9A-Za-z_-]|[^\\x00-\\x7F])*([A-Za-z_-]|[^\\x00-\\x7F])([0-9A-Za-z_-]|[^\\x00-\\x7F])*'
const cronField = '[0-9A-Za-z*,/#-]+'

/** A text of a format, by the pattern that it has to match. */
const patterns: Readonly<Record<string, Schema>> = {
  'time-span': { ...period(1, '').schema },
  cron: { pattern: `^\\s*${cronField}(\\s+${cronField}){5}\\s*$` },
  resolver: { pattern: `^(system|authoritative|${ipv4}(:${port})?|${ipv6}|\\[${ipv6}\\]:${port})$` },
  'dns-name': { pattern: `^(${label}\\.)*${lastLabel}\\.?$`, maxLength: 254 },
  'http-url': { pattern: '^[Hh][Tt][Tt][Pp][Ss]?://[^/?#\\s][^\\s]*$' },
}

const sections = ['nodes', 'load_balancers', 'dns', 'connections', 'reachability'] as const
/** What only the exporter may ask: agents are one on each node. */
const exportersAlone = ['nodes', 'load_balancers', 'reachability']

/** The exporter's config. */
export function exporterConfig(config: object): object {
  return withMeaning(forHelm(config) as Schema)
}

/** The agents' config: of a cluster the hostnames and the connections to them, and nothing else. */
export function agentConfig(config: object): object {
  const whole = forHelm(config) as Schema
  return inCluster(whole, (cluster) => {
    const known = Object.entries(part(cluster, 'properties')).filter(([key]) => !exportersAlone.includes(key))
    return { ...cluster, properties: Object.fromEntries(known), required: ['name', 'dns', 'connections'] }
  })
}

function withMeaning(config: Schema): Schema {
  return inCluster(config, (cluster) => {
    const properties = part(cluster, 'properties')
    const balancers = part(properties, 'load_balancers')
    return {
      ...cluster,
      anyOf: sections.map((section) => ({ required: [section] })),
      dependencies: { connections: ['dns'], reachability: ['load_balancers'] },
      properties: {
        ...properties,
        nodes: {
          ...part(properties, 'nodes'),
          if: { not: { properties: { in_cluster: { const: true } }, required: ['in_cluster'] } },
          else: { properties: { kubeconfig: false, context: false } },
        },
        load_balancers: {
          ...balancers,
          items: {
            ...part(balancers, 'items'),
            anyOf: [
              { required: ['names'], properties: { names: { minItems: 1 } } },
              { required: ['tags'], properties: { tags: { minProperties: 1 } } },
            ],
          },
        },
      },
    }
  })
}

function inCluster(config: Schema, change: (cluster: Schema) => Schema): Schema {
  const properties = part(config, 'properties')
  const clusters = part(properties, 'clusters')
  return { ...config, properties: { ...properties, clusters: { ...clusters, items: change(part(clusters, 'items')) } } }
}

/** Throws where the schema of the config has lost what is said more about here. */
function part(schema: Schema, key: string): Schema {
  const found = schema[key]
  if (typeof found !== 'object' || found === null) throw new Error(`the schema of the config has no ${key}`)
  return found as Schema
}

/** Without what Helm does not know: formats of our own, and the name of a document within another. */
function forHelm(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(forHelm)
  if (typeof schema !== 'object' || schema === null) return schema
  const { format, $schema: _, ...rest } = schema as { format?: unknown; $schema?: unknown }
  const inner = Object.fromEntries(Object.entries(rest).map(([key, value]) => [key, forHelm(value)]))
  // A property may be called format.
  if (typeof format === 'object') return { ...inner, format: forHelm(format) }
  if (format === undefined) return inner
  const pattern = patterns[String(format)]
  if (pattern === undefined) throw new Error(`the chart has no pattern for the format ${String(format)}`)
  return { ...inner, ...pattern }
}
