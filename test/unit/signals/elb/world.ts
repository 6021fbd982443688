/** A collector between the AWS endpoint of the lab and a stub of DNS, for tests. */
import assert from 'node:assert/strict'
import type { Failure } from '../../../../exporter/core/poll.ts'
import { create } from '../../../../exporter/signals/elb/collector.ts'
import { elbMetrics } from '../../../../exporter/signals/elb/metrics.ts'
import type { LoadBalancerOptions } from '../../../../exporter/signals/elb/options.ts'
import type { Collector } from '../../../../exporter/signals/signal.ts'
import type { DnsClient } from '../../../../exporter/sources/dns/client.ts'
import { LabAws, type LabLoadBalancer } from '../../../lab/aws-server.ts'
import { ManualClock, type MemoryDeps, memoryDeps, runContext } from '../deps.ts'
import { StubDns } from './stub-dns.ts'

process.env.AWS_ACCESS_KEY_ID = 'AKIALABUSER'
process.env.AWS_SECRET_ACCESS_KEY = 'lab'
process.env.AWS_EC2_METADATA_DISABLED = 'true'
process.env.AWS_CONFIG_FILE = process.env.AWS_SHARED_CREDENTIALS_FILE = '/dev/null'

interface Setup {
  /** Books of an earlier life. */
  readonly books?: ReadonlyMap<string, unknown>
  /** The client of DNS; default the stub. */
  readonly client?: (clock: ManualClock) => DnsClient
}

export class World {
  readonly lab: LabAws
  readonly clock = new ManualClock()
  readonly dns = new StubDns(() => this.clock.now())
  memory: MemoryDeps
  collector: Collector
  readonly #client: DnsClient
  readonly #options: readonly Partial<LoadBalancerOptions>[]

  private constructor(lab: LabAws, options: readonly Partial<LoadBalancerOptions>[], setup: Setup) {
    this.lab = lab
    this.#options = options.length === 0 ? [{}] : options
    this.#client = setup.client?.(this.clock) ?? this.dns
    const { memory, collector } = this.#start(setup.books)
    this.memory = memory
    this.collector = collector
  }

  /** `options`: one entry each, on defaults that ask for classic load balancers by the name k8s-api. */
  static async open(...options: readonly Partial<LoadBalancerOptions>[]): Promise<World> {
    return new World(await LabAws.start(), options, {})
  }

  static async openWith(setup: Setup, ...options: readonly Partial<LoadBalancerOptions>[]): Promise<World> {
    return new World(await LabAws.start(), options, setup)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.collector.stop()
    await this.#client.close()
    await this.lab.close()
  }

  /** Ends the collector and starts another one on what it saved: `reload` with its series, else as a new process. */
  async restart(kind: 'restart' | 'reload', options = this.#options): Promise<void> {
    await this.collector.stop()
    const store = kind === 'reload' ? this.memory.store : undefined
    const { memory, collector } = this.#start(this.memory.books, options, store)
    this.memory = memory
    this.collector = collector
  }

  put(name: string, fields: Partial<LabLoadBalancer> = {}): void {
    this.lab.put({ name, type: 'classic', scheme: 'internal', dnsName: `${name}.elb.test`, ...fields })
  }

  async discover(): Promise<readonly Failure[]> {
    return await this.#run('discovery', 30_000)
  }

  /** One round of DNS, 5 s later; `later` other than that. */
  async look(laterMs = 5_000): Promise<readonly Failure[]> {
    this.clock.advance(laterMs)
    return await this.#run('addresses', 5_000)
  }

  async metrics(): Promise<string[]> {
    const text = await this.memory.store.render()
    return text.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
  }

  /** Lines of one metric, without its prefix and the cluster. */
  async series(metric: string): Promise<string[]> {
    const lines = (await this.metrics()).filter((line) => line.startsWith(`elbchurn_${metric}{`))
    return lines.map((line) => line.slice('elbchurn_'.length + metric.length).replace('cluster="test",', '')).sort()
  }

  #start(books?: ReadonlyMap<string, unknown>, options = this.#options, store?: MemoryDeps['store']) {
    const memory = memoryDeps({
      tables: [elbMetrics],
      dns: this.#client,
      clock: this.clock,
      ...(books === undefined ? {} : { books }),
      ...(store === undefined ? {} : { store }),
    })
    const entries = options.map((given) => ({ ...defaults, endpoint: this.lab.endpoint, ...given }))
    return { memory, collector: create(entries, memory.deps) }
  }

  async #run(name: string, intervalMs: number): Promise<readonly Failure[]> {
    const task = this.collector.tasks.find((one) => one.name === name)
    assert.ok(task?.kind === 'scheduled')
    // The spread over the interval has a test of its own.
    return await task.run(runContext({ intervalMs, first: true }))
  }
}

const defaults: LoadBalancerOptions = {
  region: 'us-west-2',
  resolvers: ['authoritative'],
  names: ['k8s-api'],
  tags: {},
  types: ['classic'],
  interfaces: false,
}
