/** The scenario file as JSON Schema: its frame, and for each kind of step what stands beside `at` and `do`. */
import { loadBalancerTypes } from '../../../exporter/signals/elb/options.ts'

const duration = { type: 'string', format: 'time-span' }
const text = { type: 'string', minLength: 1 }
const count = { type: 'integer', minimum: 1, maximum: 100_000 }
const section = (properties: object, required: readonly string[] = []) => ({
  type: 'object',
  additionalProperties: false,
  properties,
  required,
})
const addressList = (items: object) => ({ type: 'array', minItems: 1, maxItems: 100, items })

const loadBalancer = {
  ...section({
    name: { ...text, default: 'k8s-api' },
    type: { type: 'string', enum: [...loadBalancerTypes], default: 'classic' },
    region: { ...text, default: 'us-west-2' },
    addresses: {
      ...addressList(section({ address: text, zone: text }, ['address', 'zone'])),
      default: [
        { address: '10.0.1.12', zone: 'us-west-2a' },
        { address: '10.0.2.34', zone: 'us-west-2b' },
      ],
    },
  }),
  default: {},
}

const defaults = {
  ...section({
    cluster: { ...text, default: 'prod-us-west-2' },
    load_balancer: loadBalancer,
    hostname: { type: 'string', format: 'dns-name', default: 'api.prod.example.com' },
    record: { type: 'string', enum: ['CNAME', 'A'], default: 'CNAME' },
    nodes: { ...count, default: 12 },
    zones: { ...addressList(text), default: ['us-west-2a', 'us-west-2b', 'us-west-2c'] },
  }),
  default: {},
}

export const scenarioSchema = section(
  {
    name: text,
    description: text,
    scale: { type: 'number', exclusiveMinimum: 0, maximum: 1_000, default: 1 },
    length: duration,
    defaults,
    steps: {
      type: 'array',
      minItems: 1,
      maxItems: 1_000,
      items: { type: 'object', properties: { at: duration, do: text }, required: ['at', 'do'] },
    },
  },
  ['name', 'description', 'length', 'steps'],
)

const beside = (properties: object, required = Object.keys(properties)) =>
  section({ at: {}, do: {}, ...properties }, required)

const placed = beside({ address: text, zone: text })
const named = beside({ address: text })
const counted = beside({ count })
const lasting = beside({ for: duration })

export const stepSchemas = {
  address_appears: placed,
  address_joins: placed,
  address_leaves: named,
  address_dies: named,
  kubelets_flap: named,
  nodes_add: counted,
  nodes_cordon: counted,
  nodes_remove: counted,
  nodes_replace: beside({ count, drain: duration, delete: duration }),
  dns_switch: beside({ to: addressList(text) }),
  resolver_lags: lasting,
  resolver_fails: lasting,
  aws_throttles: lasting,
} as const

export type StepName = keyof typeof stepSchemas

export function isStepName(name: string): name is StepName {
  return Object.hasOwn(stepSchemas, name)
}
