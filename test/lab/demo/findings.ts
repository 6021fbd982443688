/** What happened in the lab, when, and how long until /metrics said so. */
import type { Metrics } from '../../e2e/exporter.ts'
import type { LabEvent } from '../lab.ts'
import type { World } from '../story/world.ts'
import type { Counts } from './narrator.ts'
import { clockTime } from './output.ts'

export interface Finding {
  readonly what: string
  readonly storyMs: number
  readonly wallMs: number
  readonly holds: (metrics: Metrics) => boolean
  seenMs?: number
}

const limit = 1_000

/** `address:port` of each, as the label `resolver` has it. */
export interface Resolvers {
  readonly authoritative: string
  readonly caching: string
}

export class Findings {
  readonly #found: Finding[] = []
  readonly #hostname: string
  readonly #resolvers: Resolvers
  /** The caching resolver is not expected to know. */
  #lagging = false
  #worstRatio = 0
  #everNotReady = false

  constructor(hostname: string, resolvers: Resolvers) {
    this.#hostname = hostname
    this.#resolvers = resolvers
  }

  get missed(): readonly string[] {
    return this.#found.filter(({ seenMs }) => seenMs === undefined).map(({ what }) => what)
  }

  /** `world`: after the event. */
  happened(event: LabEvent, world: World): void {
    if (event.kind === 'action') this.#action(event, world)
    if (event.kind === 'address') this.#address(event)
    if (event.kind === 'ready') this.#ready(event, world)
    if (event.kind === 'switched' || (event.kind === 'address' && isDnsChange(event.change, world))) {
      this.#answers(event, 'authoritative', world)
      if (!this.#lagging) this.#answers(event, 'caching', world)
    }
  }

  /** A scrape that was begun at `wallMs`. */
  scraped(metrics: Metrics, wallMs: number): void {
    this.#everNotReady ||= (metrics.value('nodes_not_ready_ratio') ?? 0) > 0
    for (const finding of this.#found) {
      if (finding.seenMs === undefined && finding.holds(metrics)) finding.seenMs = wallMs
    }
  }

  render(): string[] {
    const width = Math.max(0, ...this.#found.map(({ what }) => what.length))
    const lines = this.#found.map(({ what, storyMs, wallMs, seenMs }) => {
      const seen = seenMs === undefined ? 'never on /metrics' : `on /metrics after ${delay(seenMs - wallMs)} s`
      return `${what.padEnd(width)}  at ${clockTime(storyMs).padStart(5)}  ${seen}`
    })
    return this.#everNotReady ? lines : [...lines, 'no node that should be ready was NotReady: the ratio stayed 0']
  }

  #expect(what: string, { atMs, wallMs }: LabEvent, holds: Finding['holds']): void {
    if (this.#found.length < limit) this.#found.push({ what, storyMs: atMs, wallMs, holds })
  }

  #address(event: Extract<LabEvent, { kind: 'address' }>): void {
    const { address, change } = event
    const [what, ...states] = {
      appears: ['got a network interface', 'pending', 'active'],
      joins: ['joined DNS', 'active'],
      leaves: ['left DNS', 'retired', 'dead'],
      dies: ['died', 'dead'],
    }[change]
    this.#expect(`${address} ${what}`, event, (metrics) =>
      states.some((state) => metrics.value('elb_address_info', `address="${address}"`, `state="${state}"`) === 1),
    )
  }

  #action(event: Extract<LabEvent, { kind: 'action' }>, world: World): void {
    if (event.action.do === 'resolver_lags') this.#lagging = true
    if (event.action.do !== 'resolver_follows') return
    this.#lagging = false
    this.#answers(event, 'caching', world)
  }

  #answers(event: LabEvent, kind: keyof Resolvers, world: World): void {
    const inDns = world.addresses.filter((own) => own.inDns).map(({ address }) => address)
    const wanted = [...(world.switchedTo ?? inDns)].sort().join(' ')
    const resolver = `resolver="${this.#resolvers[kind]}"`
    this.#expect(`${this.#hostname} changed, ${kind}`, event, (metrics) => {
      const lines = metrics.lines('dns_answer_info').filter((line) => line.includes(resolver))
      return answersOf(lines) === wanted
    })
  }

  /** The first node, half of them, and all back again. */
  #ready(event: LabEvent, world: World): void {
    const ratio = notReadyRatio(world)
    const reached = (share: number) => this.#worstRatio < share && ratio >= share
    const atLeast = (share: number) => (metrics: Metrics) => (metrics.value('nodes_not_ready_ratio') ?? 0) >= share
    const first = this.#worstRatio === 0 && ratio > 0
    if (first) this.#expect('first node NotReady', event, atLeast(Number.MIN_VALUE))
    if (reached(0.5)) this.#expect('50 % of the nodes NotReady', event, atLeast(0.5))
    if (ratio === 0 && this.#worstRatio > 0) {
      this.#expect('all nodes Ready again', event, (metrics) => metrics.value('nodes_not_ready_ratio') === 0)
    }
    this.#worstRatio = ratio === 0 ? 0 : Math.max(this.#worstRatio, ratio)
  }
}

export function notReadyCounts(world: World): Counts {
  const counted = [...world.kubelets.values()].filter(
    ({ cordoned, deleting, startsMs }) => !cordoned && !deleting && startsMs === undefined,
  )
  return { notReady: counted.filter(({ ready }) => ready !== 'True').length, total: counted.length }
}

function notReadyRatio(world: World): number {
  const { notReady, total } = notReadyCounts(world)
  return total === 0 ? 0 : notReady / total
}

/** A record that was switched no longer follows the load balancer. */
function isDnsChange(change: string, world: World): boolean {
  return world.switchedTo === undefined && (change === 'joins' || change === 'leaves')
}

function answersOf(lines: readonly string[]): string {
  return lines
    .map((line) => /answer="([^"]+)"/.exec(line)?.[1])
    .sort()
    .join(' ')
}

function delay(ms: number): string {
  return (Math.max(0, ms) / 1_000).toFixed(1)
}
