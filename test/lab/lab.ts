/**
 * A whole incident on loopback: DNS, AWS and Kubernetes servers in which a scenario takes place, at any speed and any
 * size of cluster, and the config of an exporter that watches them.
 */
import { EventEmitter } from 'node:events'
import { readdirSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Clock } from '../../exporter/core/clock.ts'
import { systemClock } from '../../exporter/service/clock.ts'
import { LabMachines } from './machines.ts'
import { Stage } from './stage.ts'
import { act, createWorld } from './story/actions.ts'
import type { Action, Scenario, ScenarioDefaults } from './story/scenario.ts'
import { nextEventMs, step, type Turn, unknownNodeMs, type World, type WorldEvent } from './story/world.ts'

export interface LabOptions {
  readonly scenario: Scenario
  /** Seconds of the story in one second of play; default the scenario's. */
  readonly scale?: number
  /** Default the scenario's. */
  readonly nodes?: number
  /** Length of the image list that pads each node, in bytes; real ones are 20,000 to 30,000. Default 2,000. */
  readonly imageBytes?: number
  /** Nodes, of those at the beginning, whose machines have a /proc for a node agent: see `agentConfig`. */
  readonly agents?: readonly string[]
  readonly clock?: Clock
}

/** What happened, or what the scenario does. `wallMs` is the clock at the moment when the servers were told. */
export type LabEvent = (WorldEvent | { readonly kind: 'action'; readonly atMs: number; readonly action: Action }) & {
  readonly wallMs: number
}

const defaultImageBytes = 2_000
/** A new node counts as young for so long, of the story. */
const youngMs = 120_000
/** A heartbeat counts as stale after so long, of the story. */
const staleMs = 25_000
/** Of play: leases are looked at once a second, and a server tells its time to the second. */
const leastStaleMs = 2_000
/** Between two turns: many kubelets come back at nearly one moment. */
const leastTurnMs = 20
const everySecond = '* * * * * *'

export class Lab {
  readonly scenario: Scenario
  readonly scale: number
  readonly stage: Stage
  readonly agents: readonly string[]
  /** A temporary folder that `close` removes. */
  readonly folder: string
  /** What an exporter needs in its environment beside the config. */
  readonly env = { AWS_ACCESS_KEY_ID: 'lab', AWS_SECRET_ACCESS_KEY: 'lab-secret-key' }
  readonly #clock: Clock
  readonly #machines: LabMachines
  readonly #events = new EventEmitter<{ event: [LabEvent] }>()
  readonly #closing = new AbortController()
  #world: World
  #began: { readonly wallMs: number; readonly monotonicMs: number } | undefined
  #playing: Promise<void> = Promise.resolve()

  private constructor(options: LabOptions, stage: Stage, machines: LabMachines, folder: string, world: World) {
    this.scenario = options.scenario
    this.scale = options.scale ?? options.scenario.scale
    this.stage = stage
    this.agents = options.agents ?? []
    this.#machines = machines
    this.folder = folder
    this.#clock = options.clock ?? systemClock
    this.#world = world
  }

  /** All servers listen when it resolves. The story does not begin before `play`. */
  static async start(options: LabOptions): Promise<Lab> {
    const { scenario, scale = scenario.scale, imageBytes = defaultImageBytes, clock = systemClock } = options
    const defaults = { ...scenario.defaults, nodes: options.nodes ?? scenario.defaults.nodes }
    const { zones, nodes, load_balancer } = defaults
    const world = createWorld({ addresses: load_balancer.addresses, zones, nodes })
    const folder = await mkdtemp(join(tmpdir(), 'elb-churn-lab-'))
    try {
      const machines = await LabMachines.start(folder, options.agents ?? [], world)
      const stage = await Stage.start({ folder, defaults, scale, imageBytes, now: () => clock.now() }, world)
      return new Lab(options, stage, machines, folder, world)
    } catch (error) {
      await rm(folder, { recursive: true, force: true })
      throw error
    }
  }

  get world(): World {
    return this.#world
  }

  /** Time of the story now, in ms; 0 before it begins. */
  get storyMs(): number {
    if (this.#began === undefined) return 0
    const played = (this.#clock.monotonic() - this.#began.monotonicMs) * this.scale
    return Math.min(played, this.scenario.lengthMs)
  }

  /** Node-seconds of play with Ready=Unknown so far: what an exporter should have counted. */
  get unknownNodeSeconds(): number {
    const { storyMs } = this
    return unknownNodeMs(step(this.#world, storyMs).world, storyMs) / this.scale / 1_000
  }

  /** The config of an exporter that watches all there is, as its file would say it. `nodes`: more keys of that section. */
  config(overrides: object = {}, nodes: object = {}): object {
    const { stage, scenario, scale } = this
    const { cluster, load_balancer }: ScenarioDefaults = scenario.defaults
    return {
      schedules: { dns: everySecond, load_balancers: everySecond, heartbeats: everySecond },
      ...overrides,
      clusters: [
        {
          name: cluster,
          nodes: {
            kubeconfig: stage.kubeconfig,
            group_by: ['topology.kubernetes.io/zone'],
            min_age: `${Math.ceil(youngMs / scale)}ms`,
            heartbeat_stale_after: `${Math.max(leastStaleMs, Math.ceil(staleMs / scale))}ms`,
            ...nodes,
          },
          load_balancers: [
            {
              region: load_balancer.region,
              endpoint: stage.aws.endpoint,
              resolvers: [stage.dns.address],
              names: [load_balancer.name],
              types: [load_balancer.type],
              interfaces: true,
            },
          ],
          dns: this.#watchedNames(),
        },
      ],
    }
  }

  /** The config of the agent on the machine of one of `agents`. */
  agentConfig(node: string): object {
    const { cluster } = this.scenario.defaults
    return {
      schedules: { dns: everySecond, connections: everySecond },
      clusters: [{ name: cluster, dns: this.#watchedNames(), connections: { proc: this.#machines.procOf(node) } }],
    }
  }

  /** Returns what ends the subscription. */
  on(listener: (event: LabEvent) => void): () => void {
    this.#events.on('event', listener)
    return () => this.#events.off('event', listener)
  }

  /** Plays the scenario once, from its beginning to its length. An abort ends it early, as `close` does. */
  play(signal?: AbortSignal): Promise<void> {
    if (this.#began !== undefined) throw new Error('a lab plays its scenario once')
    this.#began = { wallMs: this.#clock.now(), monotonicMs: this.#clock.monotonic() }
    const ends = signal === undefined ? this.#closing.signal : AbortSignal.any([signal, this.#closing.signal])
    this.#playing = this.#play(ends)
    return this.#playing
  }

  async close(): Promise<void> {
    this.#closing.abort()
    await this.#playing
    await this.stage.close()
    await rm(this.folder, { recursive: true, force: true })
  }

  async #play(signal: AbortSignal): Promise<void> {
    const { timeline, lengthMs } = this.scenario
    for (let done = 0; ; ) {
      const nowMs = this.storyMs
      for (; (timeline[done]?.atMs ?? Number.POSITIVE_INFINITY) <= nowMs; done++) {
        const { action, atMs } = timeline[done] ?? {}
        if (action !== undefined && atMs !== undefined) this.#do(action, atMs)
      }
      this.#take(step(this.#world, nowMs))
      const shownUntilMs = await this.#machines.show(this.#world, nowMs)
      if (nowMs >= lengthMs) return
      const ownMs = Math.min(nextEventMs(this.#world), shownUntilMs)
      const nextMs = Math.min(ownMs, timeline[done]?.atMs ?? lengthMs, lengthMs)
      await this.#clock.sleep(Math.max(leastTurnMs, (nextMs - nowMs) / this.scale), signal)
      if (signal.aborted) return
    }
  }

  #watchedNames(): object {
    const { dns, resolver } = this.stage
    return {
      resolvers: [dns.address, resolver.address],
      names: [{ hostname: this.scenario.defaults.hostname, types: ['A'] }],
    }
  }

  #do(action: Action, atMs: number): void {
    this.#events.emit('event', { kind: 'action', atMs, action, wallMs: this.#clock.now() })
    switch (action.do) {
      case 'resolver_lags':
      case 'resolver_follows':
        this.stage.lag(action.do === 'resolver_lags', this.#world)
        return
      case 'resolver_fails':
      case 'resolver_recovers':
        this.stage.failResolver(action.do === 'resolver_fails')
        return
      case 'aws_throttles':
      case 'aws_recovers':
        this.stage.throttle(action.do === 'aws_throttles')
        return
      default:
        this.#take(act(this.#world, action, atMs))
    }
  }

  #take({ world, events }: Turn): void {
    this.#world = world
    if (events.some(({ kind }) => kind === 'address' || kind === 'switched')) this.stage.showAddresses(world)
    for (const event of events) {
      const renewedMs = event.kind === 'stalled' ? event.renewedMs : event.atMs
      this.stage.showNode(event, this.#wallOf(event.atMs), this.#wallOf(renewedMs))
      this.#events.emit('event', { ...event, wallMs: this.#clock.now() })
    }
  }

  #wallOf(storyMs: number): number {
    return (this.#began?.wallMs ?? this.#clock.now()) + storyMs / this.scale
  }
}

const scenarioFolder = new URL('./scenarios/', import.meta.url)

/** The file of a scenario that ships with the lab. */
export function shippedScenario(name: string): string {
  return fileURLToPath(new URL(`${name}.yaml`, scenarioFolder))
}

export function shippedScenarios(): string[] {
  return readdirSync(scenarioFolder)
    .map((file) => basename(file, '.yaml'))
    .sort()
}
