/**
 * The node agent against the real kernel: connections over real links, of which three are cut without a reset. How long
 * the soak goes on is set by SOAK_SECONDS; 600 before a release.
 */
import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { systemClock } from '../../exporter/service/clock.ts'
import { readConnections } from '../../exporter/sources/proc/connections.ts'
import { LabDns } from '../lab/dns-server.ts'
import { Namespace } from '../lab/netns.ts'
import { Exporter, type Metrics } from './exporter.ts'

const peer = fileURLToPath(new URL('../lab/netns-peer.ts', import.meta.url))
const soakSeconds = Number(process.env.SOAK_SECONDS ?? 20)
const port = '6443'
/** From the first segment that nobody acknowledges. */
const toldWithinMs = 3_000
const everySecond = '* * * * * *'

/** Each name has one address behind a link of its own; the other end is .1. */
const addresses = {
  'link-down.example.com': '10.77.1.2',
  'deleted.example.com': '10.77.2.2',
  'blackhole.example.com': '10.77.3.2',
  'healthy.example.com': '10.77.4.2',
  'hiccup.example.com': '10.77.5.2',
} as const
type Name = keyof typeof addresses
const names = Object.keys(addresses) as Name[]

function linkOf(name: Name): string {
  return `veth${names.indexOf(name) + 1}`
}

/** Three ways for an address to go without a word, done where the API server is. */
const cuts: Readonly<Record<string, { readonly name: Name; readonly cut: (api: Namespace) => Promise<void> }>> = {
  'its link goes down': {
    name: 'link-down.example.com',
    cut: (api) => api.ip('link', 'set', linkOf('link-down.example.com'), 'down'),
  },
  'it is deleted': {
    name: 'deleted.example.com',
    cut: (api) => api.ip('address', 'del', '10.77.2.2/30', 'dev', linkOf('deleted.example.com')),
  },
  'packets fall into a black hole': {
    name: 'blackhole.example.com',
    cut: (api) => api.ip('route', 'add', 'blackhole', '10.77.3.1/32'),
  },
}

class Net {
  readonly api: Namespace
  readonly node: Namespace
  readonly dns: LabDns
  readonly exporter: Exporter
  readonly folder: string

  private constructor(api: Namespace, node: Namespace, dns: LabDns, exporter: Exporter, folder: string) {
    this.api = api
    this.node = node
    this.dns = dns
    this.exporter = exporter
    this.folder = folder
  }

  static async start(): Promise<Net> {
    const api = await Namespace.open()
    const node = await Namespace.open(api)
    const dns = await LabDns.start()
    for (const name of names) {
      await node.link(linkOf(name), `${addresses[name].replace(/2$/, '1')}/30`, api, `${addresses[name]}/30`)
      dns.set(name, 'A', [addresses[name]], { ttl: 5 })
    }
    await api.start(process.execPath, peer, 'server', port)
    const cut = Object.values(cuts).map(({ name }) => `${addresses[name]}=chatty`)
    const healthy = ['chatty', 'idle', 'slow', 'choked', 'busy'].map(
      (how) => `${addresses['healthy.example.com']}=${how}`,
    )
    const hiccup = ['chatty', 'busy'].map((how) => `${addresses['hiccup.example.com']}=${how}`)
    await node.start(process.execPath, peer, 'client', port, ...cut, ...healthy, ...hiccup)
    // As /proc of the host in a pod: its first process is in the network of the node.
    const folder = await mkdtemp(join(tmpdir(), 'agent-'))
    await mkdir(join(folder, 'proc'))
    await symlink(`/proc/${node.pid}`, join(folder, 'proc/1'))
    const exporter = await Exporter.start({
      config: {
        schedules: { dns: everySecond, connections: everySecond },
        clusters: [
          {
            name: 'prod',
            dns: { resolvers: [dns.address], names: names.map((hostname) => ({ hostname })) },
            connections: { proc: join(folder, 'proc') },
          },
        ],
      },
    })
    return new Net(api, node, dns, exporter, folder)
  }

  async close(): Promise<void> {
    await this.exporter.stop()
    await Promise.all([this.api.close(), this.node.close(), this.dns.close()])
    await rm(this.folder, { recursive: true, force: true })
  }
}

function count(metrics: Metrics, metric: string, name: Name, state = 'active'): number | undefined {
  return metrics.value(metric, `hostname="${name}"`, `state="${state}"`)
}

/** A scrape takes a few ms; what it takes longer, the machine had no time for the exporter. */
const scrapeMs = 100

/**
 * How long it takes from the first lost segment until the exporter tells of it, and how much of that went to other
 * programs. Lost is the first segment since which the retransmission timer runs: where a link is down, none leaves the
 * machine for up to a second, and the kernel tries that again by another timer.
 */
async function timeToStall({ exporter, folder }: Net, name: Name) {
  const options = { clock: systemClock, signal: AbortSignal.timeout(30_000) }
  let lostAt: number | undefined
  let waitedMs = 0
  for (;;) {
    const poll = await readConnections(join(folder, 'proc'), [addresses[name]], options)
    assert.ok(poll.ok)
    const waits = poll.snapshot.some(({ timer, unacknowledged }) => timer === 1 && unacknowledged > 0)
    const askedAt = performance.now()
    if (!waits) waitedMs = 0
    lostAt = waits ? (lostAt ?? askedAt) : undefined
    const metrics = await exporter.metrics()
    const now = performance.now()
    waitedMs += Math.max(0, now - askedAt - scrapeMs)
    if (count(metrics, 'connections_stalled', name) === 1) return { tookMs: now - (lostAt ?? now), waitedMs }
    await new Promise((resolve) => setTimeout(resolve, 25))
  }
}

describe('the node agent on a real kernel', () => {
  let net: Net

  before(async () => {
    net = await Net.start()
    const settled = (metrics: Metrics) => count(metrics, 'connections', 'healthy.example.com') === 5
    await net.exporter.until(settled, 'five healthy connections')
  })

  after(() => net?.close())

  it('sees each connection once, and none stalled', async () => {
    const metrics = await net.exporter.metrics()
    const open = names.map((name) => count(metrics, 'connections', name))
    assert.deepEqual(open, [1, 1, 1, 5, 2])
    assert.deepEqual(
      metrics.lines('connections_stalled{').filter((line) => !line.endsWith(' 0')),
      [],
    )
  })

  describe('while healthy connections soak', { concurrency: true }, () => {
    for (const [what, { name, cut }] of Object.entries(cuts)) {
      it(`tells a connection to an address as stalled within 3 s when ${what}`, async (t) => {
        await cut(net.api)
        const { tookMs, waitedMs } = await timeToStall(net, name)
        t.diagnostic(`told after ${Math.round(tookMs)} ms, of which ${Math.round(waitedMs)} ms went to other programs`)
        assert.ok(tookMs - waitedMs <= toldWithinMs, `${tookMs} ms`)
        // Established, as far as the kernel knows, and for minutes to come.
        assert.equal(count(await net.exporter.metrics(), 'connections', name), 1)
        net.dns.set(name, 'A', ['10.77.9.9'], { ttl: 5 })
        const retired = await net.exporter.until(
          (metrics) => count(metrics, 'connections_stalled', name, 'retired') === 1,
          `${name} stalled to a retired address`,
        )
        assert.equal(count(retired, 'connections_stalled', name), 0)
        const seconds = (metrics: Metrics) => count(metrics, 'connections_stalled_seconds_total', name, 'retired') ?? 0
        await net.exporter.until((metrics) => seconds(metrics) >= 2, 'the seconds of the stall')
      })
    }

    it('calls no healthy connection stalled: idle, slow, choked or busy', async () => {
      const end = performance.now() + soakSeconds * 1_000
      while (performance.now() < end) {
        const metrics = await net.exporter.metrics()
        assert.equal(count(metrics, 'connections_stalled', 'healthy.example.com'), 0)
        assert.equal(count(metrics, 'connections', 'healthy.example.com'), 5)
        await new Promise((resolve) => setTimeout(resolve, 250))
      }
      const metrics = await net.exporter.metrics()
      assert.equal(count(metrics, 'connections_stalled_seconds_total', 'healthy.example.com'), 0)
      assert.equal(metrics.value('collector_up', 'connections'), 1)
    })

    it('takes a hiccup of half a second for none', async () => {
      await net.api.ip('route', 'add', 'blackhole', '10.77.5.1/32')
      await new Promise((resolve) => setTimeout(resolve, 500))
      await net.api.ip('route', 'del', 'blackhole', '10.77.5.1/32')
      const end = performance.now() + 6_000
      while (performance.now() < end) {
        assert.equal(count(await net.exporter.metrics(), 'connections_stalled', 'hiccup.example.com'), 0)
        await new Promise((resolve) => setTimeout(resolve, 250))
      }
    })
  })
})
