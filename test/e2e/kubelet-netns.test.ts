/**
 * The 15 minutes, at a hundredth of their length and driven by the kernel: kubelets renew their leases over real links, an
 * address of their load balancer goes without a word, and the exporter and the node agents look on. Needs root, or user
 * namespaces, and iproute2.
 */
import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { givenUpAfterMs, hypotheticalTimeoutMs } from '../lab/kubelet/backoff.ts'
import { type KubeletMachine, KubeletNetwork, type KubeletPlan } from '../lab/kubelet/network.ts'
import type { KubeletEvent } from '../lab/kubelet/options.ts'
import { LabKubernetes } from '../lab/kubernetes-server.ts'
import { tcpHangMs } from '../lab/story/durations.ts'
import { stolenTime } from '../stolen-time.ts'
import { Exporter, type Metrics } from './exporter.ts'

const hostname = 'api.prod.example.com'
const dying = '10.99.0.1'
const living = '10.99.0.2'
const everySecond = '* * * * * *'
/** A tenth of a kubelet's. */
const everyMs = 1_000
const timeoutMs = 1_000
/** 30 and 15 s at a kubelet. */
const ping = { idleMs: 5_000, timeoutMs: 2_500 }
/** In place of 15: the kernel gives up after 12.6 s at the least. */
const retries2 = 5
const staleMs = 4_000
/** What a busy machine may take for anything. */
const usualSlackMs = 2_500
/** Until a wait is given up on a machine that has no CPU to give. */
const patienceMs = 30_000

const plans = {
  'http1-hangs': { pick: 0, protocol: 'http1' },
  'http2-hangs': { pick: 0, protocol: 'http2', timeoutMs },
  'http2-pings': { pick: 0, protocol: 'http2', timeoutMs, ping },
  'http1-times-out': { pick: 0, protocol: 'http1', timeoutMs },
  'http1-lives': { pick: 1, protocol: 'http1' },
  'http2-lives': { pick: 1, protocol: 'http2', timeoutMs },
} as const satisfies Record<string, Partial<KubeletPlan>>
type Node = keyof typeof plans
const nodes = Object.keys(plans) as Node[]
/** Nodes with an agent. */
const watched = ['http1-hangs', 'http2-hangs', 'http2-pings', 'http2-lives'] as const
type Watched = (typeof watched)[number]

interface Incident {
  readonly diedMs: number
  /** With what the machine had no CPU for. */
  readonly slackMs: number
  /** From the death on. */
  readonly events: (node: Node) => readonly KubeletEvent[]
}

class Stage {
  readonly kubernetes: LabKubernetes
  readonly network: KubeletNetwork
  readonly folder: string
  readonly machines = new Map<Node, KubeletMachine>()
  readonly agents = new Map<Watched, Exporter>()
  #exporter: Exporter | undefined

  private constructor(kubernetes: LabKubernetes, network: KubeletNetwork, folder: string) {
    this.kubernetes = kubernetes
    this.network = network
    this.folder = folder
  }

  static async start(): Promise<Stage> {
    const kubernetes = await LabKubernetes.start()
    const { cluster } = kubernetes
    const network = await KubeletNetwork.start((node) => cluster.holdLease(node, Date.now()))
    const stage = new Stage(kubernetes, network, await mkdtemp(join(tmpdir(), 'kubelet-netns-')))
    try {
      await stage.#begin()
    } catch (error) {
      await stage.close()
      throw error
    }
    return stage
  }

  get exporter(): Exporter {
    assert.ok(this.#exporter)
    return this.#exporter
  }

  agent(node: Watched): Exporter {
    const agent = this.agents.get(node)
    assert.ok(agent)
    return agent
  }

  events(node: Node): readonly KubeletEvent[] {
    return this.machines.get(node)?.events ?? []
  }

  async close(): Promise<void> {
    await Promise.all([this.#exporter, ...this.agents.values()].map((exporter) => exporter?.stop()))
    await Promise.all([this.network.close(), this.kubernetes.close()])
    await rm(this.folder, { recursive: true, force: true })
  }

  async #begin(): Promise<void> {
    const { network, kubernetes } = this
    for (const address of [dying, living]) await network.addAddress(address)
    network.dns.set(hostname, 'A', [dying, living], { ttl: 5 })
    for (const node of nodes) {
      kubernetes.cluster.addNode(node)
      const machine = await network.addMachine()
      this.machines.set(node, machine)
      await machine.sysctl('net/ipv4/tcp_retries2', String(retries2))
    }
    await Promise.all(
      [...this.machines].map(([node, machine]) => machine.start([{ node, hostname, everyMs, ...plans[node] }])),
    )
    const dns = { resolvers: [network.dns.address], names: [{ hostname }] }
    const kubeconfig = await kubernetes.writeKubeconfig(join(this.folder, 'kubeconfig'))
    const section = { kubeconfig, heartbeat_stale_after: `${staleMs}ms` }
    const schedules = { dns: everySecond, heartbeats: everySecond, connections: everySecond }
    this.#exporter = await Exporter.start({ config: { schedules, clusters: [{ name: 'prod', nodes: section }] } })
    for (const node of watched) {
      const connections = { proc: this.machines.get(node)?.proc }
      const config = { schedules, clusters: [{ name: 'prod', dns, connections }] }
      this.agents.set(node, await Exporter.start({ config }))
    }
    await Promise.all([this.exporter, ...this.agents.values()].map((exporter) => exporter.ready()))
  }
}

function connections(metrics: Metrics, metric: string, state: string): number | undefined {
  return metrics.value(metric, `hostname="${hostname}"`, `state="${state}"`)
}

/** Within `limitMs` of those for which the machine had CPU to give. */
async function stale(stage: Stage, count: number, limitMs: number): Promise<void> {
  using stolen = stolenTime()
  const beganMs = performance.now()
  const fits = (metrics: Metrics) => metrics.value('nodes_heartbeat_stale') === count
  await stage.exporter.until(fits, `${count} stale heartbeats`, limitMs + patienceMs)
  const tookMs = performance.now() - beganMs - stolen.msSince(beganMs)
  assert.ok(tookMs <= limitMs, `${count} stale heartbeats only after ${tookMs} ms`)
}

function ofKind<Kind extends KubeletEvent['event']>(events: readonly KubeletEvent[], kind: Kind) {
  return events.filter((event): event is Extract<KubeletEvent, { event: Kind }> => event.event === kind)
}

/** From the first request that met no answer until the connection was left for another, in ms; and how. */
function hang(events: readonly KubeletEvent[]) {
  const [dialed] = ofKind(events, 'dialed')
  const [back] = ofKind(events, 'renewed').filter(({ atMs }) => dialed !== undefined && atMs >= dialed.atMs)
  const answeredMs = Math.max(
    0,
    ...ofKind(events, 'renewed').map(({ atMs }) => (atMs < (dialed?.atMs ?? 0) ? atMs : 0)),
  )
  const [lost] = ofKind(events, 'asked').filter(({ atMs }) => atMs > answeredMs)
  assert.ok(dialed && back && lost, JSON.stringify(events))
  const reason = ofKind(events, 'lost')[0]?.reason
  return { tookMs: dialed.atMs - lost.atMs, to: dialed.address, reason, lostMs: lost.atMs }
}

describe('kubelets on an address that dies, on a real kernel', () => {
  let stage: Stage
  let incident: Incident

  before(async () => {
    stage = await Stage.start()
  })

  after(() => stage?.close())

  it('renew their leases over HTTP/1.1 and HTTP/2, and agents see what each is connected to', async () => {
    for (const node of nodes) {
      const [dialed] = ofKind(stage.events(node), 'dialed')
      assert.equal(dialed?.address, plans[node].pick === 0 ? dying : living)
      assert.deepEqual(ofKind(stage.events(node), 'failed'), [])
    }
    await stale(stage, 0, usualSlackMs)
    for (const node of watched) {
      const connected = (metrics: Metrics) => connections(metrics, 'connections', 'active') === 1
      const metrics = await stage.agent(node).until(connected, `${node} connected to an active address`)
      assert.equal(connections(metrics, 'connections_stalled', 'active'), 0)
    }
  })

  it('stay on an address that left DNS, and agents tell of the next outage before it happens', async () => {
    stage.network.dns.set(hostname, 'A', [living], { ttl: 5 })
    for (const node of watched) {
      const state = plans[node].pick === 0 ? 'retired' : 'active'
      const settled = (metrics: Metrics) => connections(metrics, 'connections', state) === 1
      const metrics = await stage.agent(node).until(settled, `${node} connected to a ${state} address`)
      assert.equal(connections(metrics, 'connections_stalled', 'retired'), 0)
    }
    await stale(stage, 0, usualSlackMs)
  })

  it('hang when it dies: agents see the connections stall, heartbeats go stale, and then all is well by itself', async () => {
    using stolen = stolenTime()
    const beganMs = performance.now()
    const diedMs = Date.now()
    const before = new Map(nodes.map((node) => [node, stage.events(node).length]))
    await stage.network.killAddress(dying)
    const stalls = watched
      .filter((node) => plans[node].pick === 0)
      .map(async (node) => {
        const stalled = (metrics: Metrics) => connections(metrics, 'connections_stalled', 'retired') === 1
        await stage.agent(node).until(stalled, `${node} stalled to the retired address`)
      })
    await Promise.all([...stalls, stale(stage, 3, staleMs + everyMs + usualSlackMs)])
    assert.equal(connections(await stage.agent('http2-lives').metrics(), 'connections_stalled', 'active'), 0)
    await stale(stage, 2, ping.idleMs + ping.timeoutMs + usualSlackMs)
    await stale(stage, 0, givenUpAfterMs(retries2, 200) + usualSlackMs)
    for (const node of watched) {
      const back = (metrics: Metrics) => connections(metrics, 'connections', 'active') === 1
      const metrics = await stage.agent(node).until(back, `${node} connected to an active address`)
      assert.equal(connections(metrics, 'connections_stalled', 'retired'), 0)
      const seconds = connections(metrics, 'connections_stalled_seconds_total', 'retired') ?? 0
      assert.equal(seconds > 0, plans[node].pick === 0, `${node} stalled for ${seconds} s`)
    }
    const since = (node: Node) => stage.events(node).slice(before.get(node))
    const events = new Map(nodes.map((node) => [node, since(node)]))
    const slackMs = usualSlackMs + stolen.msSince(beganMs)
    incident = { diedMs, slackMs, events: (node) => events.get(node) ?? [] }
  })

  for (const node of ['http1-hangs', 'http2-hangs'] as const) {
    it(`${node} until the kernel gives the connection up, by its own back-off, and not before`, (t) => {
      const { tookMs, to, reason } = hang(incident.events(node))
      t.diagnostic(`hung for ${tookMs} ms`)
      assert.equal(reason, 'ETIMEDOUT')
      assert.equal(to, living)
      assert.ok(tookMs >= hypotheticalTimeoutMs(retries2), `${tookMs} ms`)
      assert.ok(tookMs <= givenUpAfterMs(retries2, 200) + incident.slackMs, `${tookMs} ms`)
    })
  }

  it('http2-hangs on with requests that time out: the connection that is dead takes the next ones', () => {
    const events = incident.events('http2-hangs')
    const timeouts = ofKind(events, 'failed').filter(({ reason }) => reason === 'request timed out')
    assert.ok(timeouts.length >= 8, JSON.stringify(events))
  })

  it('http2-pings until the ping has timed out, counted from the last frame', (t) => {
    const events = incident.events('http2-pings')
    const { tookMs, to, reason, lostMs } = hang(events)
    const own = stage.events('http2-pings')
    const lastFrameMs = Math.max(...ofKind(own, 'renewed').map(({ atMs }) => (atMs < lostMs ? atMs : 0)))
    const fromFrameMs = lostMs + tookMs - lastFrameMs
    t.diagnostic(`back ${fromFrameMs} ms after the last frame`)
    assert.equal(reason, 'client connection lost')
    assert.equal(to, living)
    const wantedMs = ping.idleMs + ping.timeoutMs
    assert.ok(fromFrameMs >= wantedMs - 100 && fromFrameMs <= wantedMs + incident.slackMs, `${fromFrameMs} ms`)
  })

  it('http1-times-out for one request only, since HTTP/1.1 gives a connection up with its request', (t) => {
    const { tookMs, to } = hang(incident.events('http1-times-out'))
    t.diagnostic(`back after ${tookMs} ms`)
    assert.equal(to, living)
    assert.ok(tookMs >= timeoutMs && tookMs <= timeoutMs + incident.slackMs, `${tookMs} ms`)
  })

  for (const node of ['http1-lives', 'http2-lives'] as const) {
    it(`${node} never hangs, never dials anew, and misses no renewal`, () => {
      const events = incident.events(node)
      const kinds = new Set(events.map(({ event }) => event))
      assert.deepEqual([...kinds].sort(), ['asked', 'renewed'])
      const times = ofKind(events, 'renewed').map(({ atMs }) => atMs)
      const gaps = times.map((atMs, index) => atMs - (times[index - 1] ?? incident.diedMs))
      assert.ok(Math.max(...gaps) <= everyMs + incident.slackMs, JSON.stringify(gaps))
    })
  }

  it('would have hung for the 15 minutes with the 15 retransmissions of Linux', () => {
    assert.equal(hypotheticalTimeoutMs(15), tcpHangMs)
  })
})
