/** A hostname that is watched through a nameserver of its own. */
import type { Metrics } from '../e2e/exporter.ts'
import type { Behaviour } from '../lab/dns-behaviour.ts'
import { LabDns } from '../lab/dns-server.ts'
import { DnsPath } from './dns-path.ts'
import type { Facts, Site } from './fault.ts'
import type { Ground } from './ground.ts'

const first = ['10.0.0.1', '10.0.0.2']
const second = ['10.0.0.1', '10.0.0.3']

export interface DnsSiteOptions {
  readonly before?: readonly string[]
  readonly after?: readonly string[]
  /** system, authoritative; absent: the path to the site's own server. */
  readonly resolver?: 'system' | 'authoritative'
  /** Of the server, from the beginning. */
  readonly behaviour?: Behaviour
}

export class DnsSite implements Site {
  readonly ground: Ground
  readonly server: LabDns
  readonly path: DnsPath
  readonly hostname: string
  readonly before: Facts
  readonly after: Facts
  readonly withdrawn: Facts = { answers: '' }
  readonly #options: DnsSiteOptions

  private constructor(ground: Ground, hostname: string, server: LabDns, path: DnsPath, options: DnsSiteOptions) {
    this.ground = ground
    this.hostname = hostname
    this.server = server
    this.path = path
    this.#options = options
    this.before = dnsFacts(options.before ?? first, 0)
    this.after = dnsFacts(options.after ?? second, 1)
    this.#set(options.before ?? first)
  }

  static async open(ground: Ground, id: string, options: DnsSiteOptions = {}): Promise<DnsSite> {
    const zone = `${id}.faults.test`
    const zones = options.resolver === 'authoritative' ? { host: ground.address(), port: 53, zones: [zone] } : {}
    const server = await LabDns.start(zones)
    server.behave('*', options.behaviour ?? {})
    const site = new DnsSite(ground, `api.${zone}`, server, await DnsPath.start(server), options)
    if (options.resolver === 'authoritative') {
      for (const records of [ground.records, server.records]) {
        records.setSoa(zone)
        records.set(zone, 'NS', [`ns.${zone}`])
        records.set(`ns.${zone}`, 'A', [server.host])
      }
    }
    return site
  }

  config(): object {
    return {
      dns: {
        resolvers: [this.#options.resolver ?? this.path.address],
        names: [{ hostname: this.hostname, types: ['A'] }],
      },
    }
  }

  change(): void {
    this.#set(this.#options.after ?? second)
  }

  facts(metrics: Metrics): Facts {
    const answers = metrics.lines('dns_answer_info').map((line) => /answer="([^"]*)"/.exec(line)?.[1] ?? '')
    const changes = metrics.value('dns_answer_changes_total')
    const there = metrics.value('dns_answers') !== undefined
    return {
      answers: there ? `${answers.length}: ${answers.sort().slice(0, 4).join()}` : '',
      changes: String(changes ?? ''),
    }
  }

  async close(): Promise<void> {
    await this.path.close()
    await this.server.close()
  }

  #set(addresses: readonly string[]): void {
    const { resolver } = this.#options
    const records = resolver === 'system' ? this.ground.records : this.server.records
    records.set(this.hostname, 'A', addresses, { rotate: true })
    if (resolver === 'authoritative') this.ground.records.set(this.hostname, 'A', addresses)
  }
}

export function dnsFacts(answers: readonly string[], changes: number): Facts {
  return { answers: `${answers.length}: ${[...answers].sort().slice(0, 4).join()}`, changes: String(changes) }
}
