/** Every query of every board, asked of a Prometheus that scraped the exporter through a whole outage, and a quiet hour. */
import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, describe, it } from 'node:test'
import { verdicts } from '../../dashboards/queries/alerts.ts'
import { addressStates } from '../../dashboards/queries/changes.ts'
import { type BoardName, boardNames, panelOf, readBoard } from '../lab/boards.ts'
import { Grafana, nameOf, type Series, type View } from '../lab/grafana.ts'
import { shippedScenario } from '../lab/lab.ts'
import type { Prometheus } from '../lab/prometheus.ts'
import { loadScenario } from '../lab/story/scenario.ts'
import { emptyInQuiet } from './empty-panels.ts'
import type { Exporter } from './exporter.ts'
import { type Closing, scrapeMs, startWatched, type Watched, watch } from './watched.ts'

/** 18 minutes in 36 s. */
const scale = 30
const settleMs = 6_000
const quietCluster = 'calm'
const gone = '10.0.1.12'
const kept = '10.0.2.34'
/** With agents: the kubelets of the first two are connected to `gone`, that of the other to `kept`. */
const machines = ['node-01', 'node-02', 'node-04'] as const
const day = 86_400_000
/** The least that boards are made for. */
const rangeMs = 300_000

/** What all tests look back on. */
interface Past {
  readonly prometheus: Prometheus
  /** Scraped the exporters of the same cluster, whose series have no label cluster there. */
  readonly single: Prometheus
  readonly cluster: string
  readonly leftMs: number
  /** Half of the nodes have been not ready for some time. */
  readonly heightMs: number
  readonly endMs: number
  readonly lostNodeSeconds: number
}

const closing: Closing = []
let past: Past

before(async () => {
  past = await live()
})

after(async () => {
  for (const close of closing.reverse()) await close()
})

async function live(): Promise<Past> {
  const scenario = await loadScenario(shippedScenario('outage'))
  const { cluster } = scenario.defaults
  const calm = { ...scenario, timeline: [], defaults: { ...scenario.defaults, cluster: quietCluster } }
  const stricken = await startWatched({ scenario, scale, agents: machines }, closing)
  const quiet = await startWatched({ scenario: calm, scale, agents: machines.slice(0, 1) }, closing)
  const prometheus = await watch(
    [stricken, quiet].flatMap(exporters).map(({ url }) => url),
    closing,
  )
  const single = await watch(await Promise.all(exporters(stricken).map(withoutCluster)), closing)
  return { ...(await playOutage(stricken)), prometheus, single, cluster }
}

function exporters({ exporter, agents }: Watched): Exporter[] {
  return [exporter, ...agents]
}

async function playOutage({ lab, exporter }: Watched) {
  let leftMs = 0
  lab.on((event) => {
    if (event.kind === 'address' && event.change === 'leaves') leftMs = event.wallMs
  })
  const playing = lab.play()
  await exporter.until((metrics) => metrics.value('nodes_not_ready_ratio') === 0.5, 'half are not ready', 30_000)
  await new Promise((resolve) => setTimeout(resolve, settleMs))
  const heightMs = Date.now()
  await playing
  await exporter.until((metrics) => metrics.value('nodes_not_ready_ratio') === 0, 'all are back', 30_000)
  const lostNodeSeconds = lab.unknownNodeSeconds
  await new Promise((resolve) => setTimeout(resolve, settleMs))
  return { leftMs, heightMs, endMs: Date.now(), lostNodeSeconds }
}

/** The exporter as a Prometheus sees it whose series have no label cluster. */
async function withoutCluster(exporter: Exporter): Promise<string> {
  const server = createServer((_, response) => {
    exporter.metrics().then(
      ({ text }) =>
        response.setHeader('content-type', 'text/plain; version=0.0.4').end(text.replaceAll(/cluster="[^"]*",?/g, '')),
      () => response.writeHead(502).end(),
    )
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closing.push(() => new Promise((resolve) => server.close(resolve)))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

function look(name: BoardName, toMs: number, options: { readonly fromMs?: number; readonly cluster?: string } = {}) {
  const view: View = {
    fromMs: options.fromMs ?? toMs - rangeMs,
    toMs,
    scrapeMs,
    variables: { cluster: options.cluster ?? past.cluster },
  }
  return new Grafana(past.prometheus.url, readBoard(name), view)
}

/** Asks everything on the board; returns the titles of the panels that stay empty. */
async function emptyPanels(grafana: Grafana): Promise<string[]> {
  const empty: string[] = []
  for (const panel of grafana.board.panels) {
    if (panel.targets === undefined) continue
    const answers = await Promise.all(panel.targets.map((target) => grafana.ask(panel, target)))
    if (answers.every((series) => series.length === 0)) empty.push(panel.title)
  }
  for (const annotation of grafana.board.annotations.list) await grafana.askAnnotation(annotation)
  for (const variable of grafana.board.templating.list) {
    if (variable.type === 'query') await grafana.values(variable)
  }
  return empty
}

/** The one series of that name of a panel's query. */
async function series(grafana: Grafana, title: string, name: string): Promise<Series> {
  const panel = panelOf(grafana.board, title)
  const found = await named(grafana, title)
  const [one, second] = found.filter((each) => each.name === name)
  assert.ok(
    one !== undefined && second === undefined,
    `${panel.title} shows ${found.map((each) => each.name).join(', ')}`,
  )
  return one.series
}

async function named(grafana: Grafana, title: string): Promise<{ name: string; series: Series }[]> {
  const panel = panelOf(grafana.board, title)
  const answers = await Promise.all(
    (panel.targets ?? []).map(async (target) =>
      (await grafana.ask(panel, target)).map((each) => ({ name: nameOf(target, each), series: each })),
    ),
  )
  return answers.flat()
}

async function value(grafana: Grafana, title: string, name: string): Promise<number> {
  return (await series(grafana, title, name)).points.at(-1)?.value ?? Number.NaN
}

const values = ({ points }: Series): number[] => points.map((point) => point.value)

/** The values in their order, each once. */
const steps = (of: Series): number[] => values(of).filter((each, index, all) => each !== all[index - 1])

describe('the boards, in the outage', () => {
  for (const name of boardNames) {
    it(`${name}: every query works, and no panel is empty`, async () => {
      const empty = await emptyPanels(
        look(name, past.heightMs, name === 'fleet' || name === 'exporter' ? { cluster: '$__all' } : {}),
      )
      assert.deepEqual(empty, [])
    })

    it(`${name}: every query works over 5 minutes and over 30 days`, async () => {
      for (const length of [rangeMs, 30 * day]) {
        await emptyPanels(look(name, past.endMs, { fromMs: past.endMs - length }))
      }
    })

    it(`${name}: works where series have no label cluster, and nothing is chosen`, async () => {
      const view = { fromMs: past.heightMs - rangeMs, toMs: past.heightMs, scrapeMs, variables: { cluster: '' } }
      const empty = await emptyPanels(new Grafana(past.single.url, readBoard(name), view))
      assert.deepEqual(empty, [])
    })
  }

  it('the verdict is no before, yes at the height, and afterwards that it was in this range', async () => {
    const verdictAt = (toMs: number) => value(look('incident', toMs), 'Is it this outage?', 'verdict')
    assert.equal(await verdictAt(past.leftMs - 500), verdicts.no)
    assert.equal(await verdictAt(past.heightMs), verdicts.byElb)
    assert.equal(await verdictAt(past.endMs), verdicts.before)
  })

  it('the verdict names the load balancer, the address, and the node-seconds', async () => {
    const grafana = look('incident', past.endMs)
    assert.deepEqual(
      (await named(grafana, 'Addresses that left')).map(({ name }) => name),
      [gone],
    )
    const [lost] = await named(grafana, 'Load balancers that lost an address')
    assert.equal(lost?.name, 'k8s-api')
    assert.ok(Math.abs((lost?.series.points[0]?.value ?? 0) - past.leftMs) < 2_500, 'when it lost the address')
    const seconds = await value(grafana, 'Node-seconds lost', past.cluster)
    assert.ok(
      Math.abs(seconds - past.lostNodeSeconds) < 0.1 * past.lostNodeSeconds,
      `${seconds} of ${past.lostNodeSeconds}`,
    )
  })

  it('the ratio is 0 before, 0.5 at the height and 0 at the end, all of it NodeStatusUnknown', async () => {
    const title = 'Nodes not ready, by reason'
    const grafana = look('incident', past.endMs)
    const all = values(await series(grafana, title, `all ${past.cluster}`))
    assert.deepEqual([all[0], Math.max(...all), all.at(-1)], [0, 0.5, 0])
    assert.equal(Math.max(...values(await series(grafana, title, `NodeStatusUnknown ${past.cluster}`))), 0.5)
    assert.equal(await value(look('incident', past.heightMs), 'Nodes not ready', past.cluster), 0.5)
  })

  it('the load balancer has two lanes: one address stays active, one is active, retired, dead', async () => {
    const grafana = look('incident', past.endMs)
    const { active, retired, dead } = addressStates
    const lanes = await named(grafana, 'Addresses of the load balancers')
    const told = Object.fromEntries(lanes.map((lane) => [lane.name, steps(lane.series)]))
    assert.deepEqual(told, { [`${gone} k8s-api`]: [active, retired, dead], [`${kept} k8s-api`]: [active] })
  })

  it('the answers of both resolvers end for the address that left and go on for the other', async () => {
    const lanes = await named(look('incident', past.endMs), 'DNS answers of each resolver')
    const lastMs = (address: string) =>
      lanes
        .filter(({ name }) => name.startsWith(`${address} `))
        .map(({ series: { points } }) => points.at(-1)?.atMs ?? 0)
    assert.equal(lastMs(gone).length, 2)
    assert.equal(lastMs(kept).length, 2)
    for (const atMs of lastMs(gone)) assert.ok(atMs < past.leftMs + 5_000)
    for (const atMs of lastMs(kept)) assert.ok(atMs > past.endMs - 5_000)
  })

  it('the nodes are listed with reason and time, and by zone', async () => {
    const grafana = look('incident', past.heightMs)
    const nodes = await named(grafana, 'Which nodes are not ready')
    assert.equal(nodes.length, 6)
    for (const {
      series: { labels, points },
    } of nodes) {
      assert.equal(labels.reason, 'NodeStatusUnknown')
      assert.ok((points[0]?.value ?? 0) > past.leftMs && (points[0]?.value ?? 0) <= past.heightMs)
    }
    const zones = await named(grafana, 'Not ready by zone')
    assert.equal(
      zones.reduce((sum, { series: { points } }) => sum + (points[0]?.value ?? 0), 0),
      6,
    )
    for (const {
      series: { labels },
    } of zones) {
      assert.deepEqual(Object.keys(labels).sort(), ['cluster', 'ready', 'topology_kubernetes_io_zone'])
    }
  })

  it('agents tell which machines wait on the address that left, and which connections are still open to it', async () => {
    const connections = async (toMs: number) => {
      const all = await named(look('incident', toMs), 'Connections to the API, and those that wait')
      return Object.fromEntries(all.map(({ name, series: { points } }) => [name, points.at(-1)?.value]))
    }
    const calm = {
      'open, to active addresses': 3,
      'open, to retired addresses': 0,
      'stalled, to active addresses': 0,
      'stalled, to retired addresses': 0,
    }
    assert.deepEqual(await connections(past.leftMs - 500), calm)
    assert.deepEqual(await connections(past.heightMs), {
      ...calm,
      'open, to active addresses': 1,
      'open, to retired addresses': 2,
      'stalled, to retired addresses': 2,
    })
    assert.deepEqual(await connections(past.endMs), calm)
    const waiting = (toMs: number) => value(look('incident', toMs), 'Machines that wait', past.cluster)
    assert.deepEqual(
      [await waiting(past.leftMs - 500), await waiting(past.heightMs), await waiting(past.endMs)],
      [0, 2, 0],
    )
  })

  it('annotations mark the change of the load balancer, that of DNS, and the page', async () => {
    const grafana = look('incident', past.endMs)
    const marks = async (name: string) => {
      const annotation = grafana.board.annotations.list.find((each) => each.name === name)
      return annotation === undefined ? [] : await grafana.askAnnotation(annotation)
    }
    const elb = (await marks('ELB changes')).filter(({ labels }) => labels.change === 'removed')
    assert.equal(elb.length, 1)
    for (const each of elb) for (const { value: atMs } of each.points) assert.ok(Math.abs(atMs - past.leftMs) < 2_500)
    assert.equal((await marks('DNS changes')).length, 2)
    const alerts = (await marks('Alerts firing')).map(({ labels }) => `${labels.alertname} ${labels.severity}`)
    assert.ok(alerts.includes('KubeletsStrandedByELBChange critical'), alerts.join())
    assert.ok(alerts.includes('ConnectionsStalledToRetiredAddress critical'), alerts.join())
  })

  it('the fleet has the stricken cluster above the calm one, and offers both', async () => {
    const grafana = look('fleet', past.heightMs, { cluster: '$__all' })
    const panel = panelOf(grafana.board, 'Clusters, worst first')
    const order = panel.targets?.at(-1)
    assert.ok(order !== undefined)
    const ranks = (await grafana.ask(panel, order)).map(({ labels, points }) => [labels.cluster, points[0]?.value])
    assert.deepEqual(Object.fromEntries(ranks), { [past.cluster]: 1, [quietCluster]: 0 })
    const variable = grafana.board.templating.list.find(({ name }) => name === 'cluster')
    assert.ok(variable !== undefined)
    assert.deepEqual((await grafana.values(variable)).sort(), [quietCluster, past.cluster].sort())
  })
})

describe('the boards, in a quiet hour', () => {
  for (const name of boardNames) {
    it(`${name}: every query works, and what is empty says why`, async () => {
      const empty = await emptyPanels(look(name, past.endMs, { cluster: quietCluster }))
      assert.deepEqual(
        empty.sort(),
        emptyInQuiet
          .filter(({ board }) => board === name)
          .map(({ panel }) => panel)
          .sort(),
      )
    })
  }

  it('zero is told as zero: the verdict is no, no node is not ready, no second is lost', async () => {
    const grafana = look('incident', past.endMs, { cluster: quietCluster })
    assert.equal(await value(grafana, 'Is it this outage?', 'verdict'), verdicts.no)
    assert.deepEqual(steps(await series(grafana, 'Nodes not ready, by reason', `all ${quietCluster}`)), [0])
    assert.equal(await value(grafana, 'Node-seconds lost', quietCluster), 0)
    assert.equal(await value(grafana, 'Machines that wait', quietCluster), 0)
    const lanes = await named(grafana, 'Addresses of the load balancers')
    assert.deepEqual(
      lanes.map(({ series: each }) => steps(each)),
      [[addressStates.active], [addressStates.active]],
    )
  })
})
