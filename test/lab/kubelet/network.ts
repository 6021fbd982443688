/**
 * Machines with kubelets, and a load balancer with addresses that can die: a network of their own for each, real links
 * and the real kernel in between. What the kubelets talk to is in this process: a DNS server, and the API for leases.
 */
import type { ChildProcess } from 'node:child_process'
import { EventEmitter, once } from 'node:events'
import { mkdir, mkdtemp, rm, symlink } from 'node:fs/promises'
import { connect, createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { LabDns } from '../dns-server.ts'
import { labTlsFile } from '../kubernetes-server.ts'
import { Namespace } from '../netns.ts'
import { LeaseApi, type OnRenewal } from './lease-api.ts'
import type { KubeletEvent, KubeletOptions } from './options.ts'

const programOf = (name: string) => fileURLToPath(new URL(`./${name}`, import.meta.url))
const apiPort = 6_443
/** The load balancer's addresses are in it. */
const balancerNet = '10.99.0.0/16'
const eventLimit = 10_000

/** What a machine does not know itself. */
export type KubeletPlan = Omit<KubeletOptions, 'api'> & { readonly hostname: string; readonly pick: number }

export class KubeletMachine {
  /** A /proc as a node agent has it mounted. */
  readonly proc: string
  readonly #namespace: Namespace
  readonly #resolver: string
  readonly #events: KubeletEvent[] = []
  readonly #heard = new EventEmitter<{ event: [KubeletEvent] }>()

  constructor(namespace: Namespace, resolver: string, proc: string) {
    this.#namespace = namespace
    this.#resolver = resolver
    this.proc = proc
  }

  /** Oldest first, 10,000 at most. */
  get events(): readonly KubeletEvent[] {
    return this.#events
  }

  async sysctl(key: string, value: string): Promise<void> {
    await this.#namespace.sysctl(key, value)
  }

  /** One program for all. Resolves when each has renewed its lease. */
  async start(plans: readonly KubeletPlan[], limitMs = 20_000): Promise<void> {
    const child = await this.#namespace.start(process.execPath, programOf('kubelet.ts'))
    this.#listen(child)
    const all = plans.map(({ hostname, pick, ...rest }): KubeletOptions => {
      const api = { hostname, port: apiPort, resolver: this.#resolver, pick, certificateName: 'localhost' }
      return { ...rest, api: { ...api, ca: labTlsFile('ca.crt') } }
    })
    const limit = AbortSignal.timeout(limitMs)
    const renewed = this.until(({ event }) => event === 'renewed', plans.length, limit)
    child.stdin?.write(`${JSON.stringify(all)}\n`)
    await renewed
  }

  /** Resolves once `count` events that fit have come, of those from now on. */
  async until(fits: (event: KubeletEvent) => boolean, count: number, signal: AbortSignal): Promise<void> {
    for (let left = count; left > 0; ) {
      const [event] = await once(this.#heard, 'event', { signal })
      if (fits(event)) left -= 1
    }
  }

  #listen(child: ChildProcess): void {
    if (child.stdout === null) return
    createInterface({ input: child.stdout }).on('line', (line) => {
      const event: KubeletEvent = JSON.parse(line)
      if (this.#events.length === eventLimit) this.#events.shift()
      this.#events.push(event)
      this.#heard.emit('event', event)
    })
  }
}

export class KubeletNetwork {
  /** What machines resolve names with. */
  readonly dns: LabDns
  readonly #balancer: Namespace
  readonly #api: LeaseApi
  readonly #queries: Server
  readonly #folder: string
  readonly #namespaces: Namespace[] = []

  private constructor(balancer: Namespace, dns: LabDns, api: LeaseApi, queries: Server, folder: string) {
    this.#balancer = balancer
    this.dns = dns
    this.#api = api
    this.#queries = queries
    this.#folder = folder
  }

  /** Throws where network namespaces cannot be made, and says what is missing. */
  static async start(onRenewal: OnRenewal): Promise<KubeletNetwork> {
    const balancer = await Namespace.open()
    const folder = await mkdtemp(join(tmpdir(), 'kubelets-'))
    const dns = await LabDns.start()
    const api = await LeaseApi.start(join(folder, 'api'), onRenewal)
    const queries = createServer((from) => {
      const to = connect(dns.port, dns.host)
      from.on('error', () => to.destroy()).pipe(to)
      to.on('error', () => from.destroy()).pipe(from)
    })
    queries.listen(join(folder, 'dns'))
    await once(queries, 'listening')
    const network = new KubeletNetwork(balancer, dns, api, queries, folder)
    try {
      // A packet to an address that is not there is dropped, and nobody is told.
      await balancer.sysctl('net/ipv4/ip_forward', '0')
      await balancer.start(process.execPath, programOf('balancer.ts'), join(folder, 'api'), join(folder, 'dns'))
    } catch (error) {
      await network.close()
      throw error
    }
    return network
  }

  /** Up to 200 of them. */
  async addMachine(): Promise<KubeletMachine> {
    const namespace = await Namespace.open(this.#balancer)
    const index = this.#namespaces.push(namespace)
    const [own, gateway] = [`10.98.${index}.1`, `10.98.${index}.2`]
    await namespace.link(`veth${index}`, `${own}/30`, this.#balancer, `${gateway}/30`)
    await namespace.ip('route', 'add', balancerNet, 'via', gateway)
    const proc = join(this.#folder, `machine-${index}`)
    await mkdir(proc)
    // As /proc of the host in a pod: its first process is in the network of the node.
    await symlink(`/proc/${namespace.pid}`, join(proc, '1'))
    return new KubeletMachine(namespace, gateway, proc)
  }

  /** Of the load balancer: 10.99.x.y. */
  async addAddress(address: string): Promise<void> {
    await this.#balancer.ip('address', 'add', `${address}/32`, 'dev', 'lo')
  }

  /** No RST, no ICMP, no word: whoever was connected retransmits into nothing. */
  async killAddress(address: string): Promise<void> {
    await this.#balancer.ip('address', 'del', `${address}/32`, 'dev', 'lo')
  }

  async close(): Promise<void> {
    await Promise.all([...this.#namespaces, this.#balancer].map((namespace) => namespace.close()))
    this.#queries.close()
    await Promise.all([this.#api.close(), this.dns.close()])
    await rm(this.#folder, { recursive: true, force: true })
  }
}
