/**
 * Scenarios: what happens in a cluster over the minutes of an incident, as a YAML timeline in real time. The lab plays
 * it, `scale` times faster. Faults are told all at once, each with its place, as in the exporter's own config.
 */
import { isIPv4 } from 'node:net'
import { parseDuration } from '../../../exporter/core/duration.ts'
import { checkShape, readChecked, readText } from '../../../exporter/service/config/checked-yaml.ts'
import type { Fault, Path } from '../../../exporter/service/config/fault.ts'
import type { LoadBalancerType } from '../../../exporter/signals/elb/options.ts'
import type { WorldAction } from './actions.ts'
import { isStepName, scenarioSchema, stepSchemas } from './scenario-schema.ts'

/** What is done to the world, and what is done to those who tell of it. */
export type Action =
  | WorldAction
  /** The caching resolver goes on giving the answers of before; `resolver_follows` ends it. */
  | { readonly do: 'resolver_lags' | 'resolver_follows' }
  /** The caching resolver answers SERVFAIL. */
  | { readonly do: 'resolver_fails' | 'resolver_recovers' }
  | { readonly do: 'aws_throttles' | 'aws_recovers' }

export interface TimedAction {
  readonly atMs: number
  readonly action: Action
}

export interface Placed {
  readonly address: string
  readonly zone: string
}

export interface ScenarioDefaults {
  readonly cluster: string
  readonly load_balancer: {
    readonly name: string
    readonly type: LoadBalancerType
    readonly region: string
    readonly addresses: readonly Placed[]
  }
  readonly hostname: string
  /** How the hostname leads to the load balancer: by its name, or by the same addresses. */
  readonly record: 'CNAME' | 'A'
  readonly nodes: number
  readonly zones: readonly string[]
}

export interface Scenario {
  readonly name: string
  readonly description: string
  /** Seconds of the story in one second of play. */
  readonly scale: number
  /** Of the story, in ms of real time. */
  readonly lengthMs: number
  readonly defaults: ScenarioDefaults
  /** By time. */
  readonly timeline: readonly TimedAction[]
}

interface StepFile {
  at: string
  do: string
  address?: string
  zone?: string
  count?: number
  drain?: string
  delete?: string
  to?: string[]
  for?: string
}

interface ScenarioFile {
  name: string
  description: string
  scale: number
  length: string
  defaults: ScenarioDefaults
  steps: StepFile[]
}

/** Throws `ConfigError` with every fault as `FILE:LINE:COL: path: what is wrong`. */
export async function loadScenario(path: string): Promise<Scenario> {
  return parseScenario(await readText(path), path)
}

/** `name` stands in the faults. Throws `ConfigError`. */
export function parseScenario(text: string, name: string): Scenario {
  const file = readChecked(text, name, check) as ScenarioFile
  const timeline = file.steps.flatMap(toActions).sort((left, right) => left.atMs - right.atMs)
  const { name: title, description, scale, defaults } = file
  return { name: title, description: description.trim(), scale, lengthMs: ms(file.length), defaults, timeline }
}

function check(value: unknown): Fault[] {
  const shape = checkShape(scenarioSchema, value)
  if (shape.length > 0) return shape
  const file = value as ScenarioFile
  const steps = file.steps.flatMap(checkStep)
  return steps.length > 0 ? steps : checkMeaning(file)
}

function checkStep(step: StepFile, index: number): Fault[] {
  const path: Path = ['steps', index]
  if (!isStepName(step.do)) {
    const message = `${JSON.stringify(step.do)} is none of ${Object.keys(stepSchemas).join(', ')}`
    return [{ path: [...path, 'do'], message }]
  }
  return checkShape(stepSchemas[step.do], step).map((fault) => ({ ...fault, path: [...path, ...fault.path] }))
}

/** What a schema cannot say: addresses are addresses, and exist when they are spoken of; the story has room for all. */
function checkMeaning(file: ScenarioFile): Fault[] {
  const { addresses } = file.defaults.load_balancer
  const faults: Fault[] = []
  const wants = (holds: boolean, path: Path, message: string) => {
    if (!holds) faults.push({ path, message })
  }
  for (const [index, { address }] of addresses.entries()) {
    wants(isIPv4(address), ['defaults', 'load_balancer', 'addresses', index, 'address'], notAddress(address))
  }
  const steps = file.steps.map((step, index) => ({ step, index })).sort((a, b) => ms(a.step.at) - ms(b.step.at))
  const there = new Set(addresses.map(({ address }) => address))
  for (const { step, index } of steps) {
    const path: Path = ['steps', index]
    const endMs = ms(step.at) + ms(step.for ?? '') + ms(step.drain ?? '') + ms(step.delete ?? '')
    wants(endMs <= ms(file.length), [...path, 'at'], `the step ends after the story, which lasts ${file.length}`)
    for (const address of [...(step.to ?? []), ...(step.address === undefined ? [] : [step.address])]) {
      wants(isIPv4(address), [...path, step.to === undefined ? 'address' : 'to'], notAddress(address))
    }
    if (step.address === undefined) continue
    const comes = step.do === 'address_appears' || step.do === 'address_joins'
    wants(comes || there.has(step.address), [...path, 'address'], `${step.address} has not joined by ${step.at}`)
    if (comes) there.add(step.address)
  }
  return faults
}

function notAddress(text: string): string {
  return `${JSON.stringify(text)} is no IPv4 address`
}

function toActions(step: StepFile): TimedAction[] {
  const atMs = ms(step.at)
  const { address = '', zone = '', count = 0, to = [] } = step
  const begin = (action: Action): TimedAction[] => [{ atMs, action }]
  const last = (action: Action, end: Action): TimedAction[] => [
    ...begin(action),
    { atMs: atMs + ms(step.for ?? ''), action: end },
  ]
  if (!isStepName(step.do)) return []
  switch (step.do) {
    case 'address_appears':
    case 'address_joins':
      return begin({ do: step.do, address, zone })
    case 'address_leaves':
    case 'address_dies':
    case 'kubelets_flap':
      return begin({ do: step.do, address })
    case 'nodes_add':
    case 'nodes_cordon':
    case 'nodes_remove':
      return begin({ do: step.do, count })
    case 'nodes_replace':
      return begin({ do: step.do, count, drainMs: ms(step.drain ?? ''), deleteMs: ms(step.delete ?? '') })
    case 'dns_switch':
      return begin({ do: step.do, to })
    case 'resolver_lags':
      return last({ do: 'resolver_lags' }, { do: 'resolver_follows' })
    case 'resolver_fails':
      return last({ do: 'resolver_fails' }, { do: 'resolver_recovers' })
    case 'aws_throttles':
      return last({ do: 'aws_throttles' }, { do: 'aws_recovers' })
  }
}

/** The schema has let only durations through. */
function ms(duration: string): number {
  return parseDuration(duration) ?? 0
}
