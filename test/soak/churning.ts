/** A world in which everything changes all the time, and what an exporter must show of it once it rests. */

import type { Random } from '../fuzz/random.ts'
import { LabAws } from '../lab/aws-server.ts'
import { LabDns } from '../lab/dns-server.ts'
import { LabKubernetes } from '../lab/kubernetes-server.ts'

const loadBalancers = 6
const names = 24
const nodeNames = Array.from({ length: 240 }, (_, index) => `node-${index}`)
const types = ['classic', 'network'] as const

export interface ExpectedSeries {
  /** `load_balancer address` of active addresses */
  readonly addresses: readonly string[]
  /** `hostname answer` */
  readonly answers: readonly string[]
  readonly nodes: Readonly<Record<'true' | 'false' | 'unknown', number>>
  readonly notReady: readonly string[]
}

export class ChurningWorld {
  readonly dns: LabDns
  readonly aws: LabAws
  readonly kubernetes: LabKubernetes
  readonly #random: Random
  readonly #addresses = new Map<string, string[]>()
  readonly #answers = new Map<string, string[]>()
  #fresh = 0
  changes = 0

  static async start(random: Random): Promise<ChurningWorld> {
    const kubernetes = await LabKubernetes.start({ token: 'lab-bearer-token' })
    return new ChurningWorld(await LabDns.start(), await LabAws.start(), kubernetes, random)
  }

  private constructor(dns: LabDns, aws: LabAws, kubernetes: LabKubernetes, random: Random) {
    this.dns = dns
    this.aws = aws
    this.kubernetes = kubernetes
    this.#random = random
    for (let index = 0; index < loadBalancers; index += 1) this.#putLoadBalancer(index)
    for (let index = 0; index < names; index += 1) this.#setAnswers(nameOf(index), [this.#address(), this.#address()])
    for (const name of nodeNames) kubernetes.cluster.addNode(name, { labels: { zone: `z${name.length}` } })
  }

  config(kubeconfig: string, schedules: Readonly<Record<string, string>>, retention: string, watched = names): object {
    const resolvers = [this.dns.address]
    return {
      schedules,
      retention,
      clusters: [
        {
          name: 'prod',
          nodes: { kubeconfig, group_by: ['zone'] },
          load_balancers: [
            {
              region: 'us-west-2',
              endpoint: this.aws.endpoint,
              resolvers,
              names: Array.from({ length: loadBalancers }, (_, index) => lbName(index)),
              types: [...types],
            },
          ],
          dns: { resolvers, names: Array.from({ length: watched }, (_, index) => ({ hostname: nameOf(index) })) },
        },
      ],
    }
  }

  /** One change somewhere, or one fault that passes. */
  change(): void {
    this.changes += 1
    const pick = this.#random.below(20)
    if (pick < 5) this.#replaceAddress()
    else if (pick < 9) this.#setAnswers(nameOf(this.#random.below(names)), [this.#address(), this.#address()])
    else if (pick < 16) this.#changeNode()
    else this.#breakSomething()
  }

  /** No more faults; what is there stays. */
  rest(): void {
    this.dns.behave('*', {})
    for (let index = 0; index < names; index += 1) this.dns.behave(nameOf(index), {})
    this.aws.clearFaults()
    this.kubernetes.clearFaults()
  }

  expected(watched = names): ExpectedSeries {
    const nodes = { true: 0, false: 0, unknown: 0 }
    const notReady: string[] = []
    for (const { name, ready, unschedulable } of this.kubernetes.cluster.nodes.values()) {
      if (unschedulable) continue
      const key = ready === 'True' ? 'true' : ready === 'False' ? 'false' : 'unknown'
      nodes[key] += 1
      if (key !== 'true') notReady.push(name)
    }
    const answers = [...this.#answers].slice(0, watched)
    return {
      addresses: pairs(this.#addresses),
      answers: pairs(new Map(answers)),
      nodes,
      notReady: notReady.sort(),
    }
  }

  async close(): Promise<void> {
    await Promise.all([this.dns.close(), this.aws.close(), this.kubernetes.close()])
  }

  #putLoadBalancer(index: number): void {
    const type = types[index % types.length] ?? 'classic'
    this.aws.put({ name: lbName(index), type, scheme: 'internal', dnsName: dnsName(index) })
    this.#setAddresses(index, [this.#address(), this.#address(), this.#address()])
  }

  #replaceAddress(): void {
    const index = this.#random.below(loadBalancers)
    const now = this.#addresses.get(lbName(index)) ?? []
    this.#setAddresses(index, [...now.slice(1), this.#address()])
  }

  #setAddresses(index: number, addresses: string[]): void {
    this.#addresses.set(lbName(index), addresses)
    this.dns.set(dnsName(index), 'A', addresses, { rotate: true, limit: 8, ttl: 60 })
  }

  #setAnswers(name: string, answers: string[]): void {
    this.#answers.set(name, answers)
    this.dns.set(name, 'A', answers, { rotate: true, ttl: 60 })
  }

  #changeNode(): void {
    const { cluster } = this.kubernetes
    const name = nodeNames[this.#random.below(nodeNames.length)] ?? ''
    const pick = this.#random.below(8)
    if (!cluster.nodes.has(name)) cluster.addNode(name, { labels: { zone: `z${name.length}` } })
    else if (pick === 0) cluster.removeNode(name)
    else if (pick === 1) cluster.cordon(name, this.#random.below(4) === 0)
    else if (pick === 2) cluster.holdLease(name)
    else if (pick === 3) cluster.releaseLease(name)
    else
      cluster.setReady(name, (['True', 'True', 'True', 'False', 'Unknown'] as const)[this.#random.below(5)] ?? 'True')
  }

  #breakSomething(): void {
    const name = nameOf(this.#random.below(names))
    const breaks: readonly (() => void)[] = [
      () => this.dns.behave(name, { rcode: 'SERVFAIL' }),
      () => this.dns.behave(name, { dropFirst: 2 }),
      () => this.dns.behave(name, { damagedFirst: 'wrong_id' }),
      () => this.dns.behave(name, { truncate: true }),
      () => this.dns.behave(name, {}),
      () => this.dns.behave(name, {}),
      () => this.aws.fail('*', 'throttle', 1),
      () => this.aws.fail('*', 'html', 1),
      () => this.kubernetes.resetConnections(),
      () => this.kubernetes.expireWatches(),
    ]
    breaks[this.#random.below(breaks.length)]?.()
  }

  /** Never one that was there before: every change leaves something to be forgotten. */
  #address(): string {
    this.#fresh += 1
    return `10.${(this.#fresh >> 16) & 255}.${(this.#fresh >> 8) & 255}.${this.#fresh & 255}`
  }
}

function pairs(map: ReadonlyMap<string, readonly string[]>): string[] {
  return [...map].flatMap(([name, values]) => values.map((value) => `${name} ${value}`)).sort()
}

function nameOf(index: number): string {
  return `api-${index}.example.com`
}

function lbName(index: number): string {
  return `lb-${index}`
}

function dnsName(index: number): string {
  return `lb-${index}.elb.us-west-2.amazonaws.com`
}
