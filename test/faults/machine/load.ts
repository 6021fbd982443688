/** Faults that are too much of something. */
import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Exporter, type Metrics } from '../../e2e/exporter.ts'
import { LabCluster } from '../../lab/kubernetes/cluster.ts'
import { LabKubernetes } from '../../lab/kubernetes-server.ts'
import { until } from '../../until.ts'
import { isWell, oneChange, type Play, pause, residentMb, sameCounts, startSubject, timed } from './play.ts'
import { startScrapes } from './scrapes.ts'

const slow = 500
const longestScrapeMs = 1_000

export const slowClients: Play = async (t) => {
  const { world, exporter } = await startSubject(t)
  const { hostname, port } = new URL(exporter.url)
  const before = await residentMb(exporter)
  // On a connection that was there before them, as Prometheus has one.
  const scrapes = startScrapes(t, exporter, 100)
  await until('a scrape', () => scrapes.times.length > 0)
  const sockets: Socket[] = []
  t.after(() => {
    for (const socket of sockets) socket.destroy()
  })
  for (let index = 0; index < 2 * slow; index++) {
    const socket = connect(Number(port), hostname)
    socket.on('error', () => undefined)
    // The half of them never read what they are sent.
    if (index % 2 === 0) socket.write('GET /metrics HTTP/1.1\r\nHost: slow\r\n')
    else socket.pause().write('GET /metrics HTTP/1.1\r\nHost: slow\r\n\r\n')
    sockets.push(socket)
  }
  world.setAddresses(['10.0.0.1', '10.0.0.3'])
  const first = scrapes.times.length
  await until('40 scrapes', () => scrapes.times.length >= first + 40, { limitMs: 60_000 })
  await scrapes.end()
  const worst = Math.max(...scrapes.times.slice(first))
  const grown = (await residentMb(exporter)) - before
  t.diagnostic(`slow-clients: scrapes of ${worst.toFixed(0)} ms at the most, ${grown.toFixed(0)} MB more`)
  assert.ok(worst < longestScrapeMs, `a scrape took ${worst} ms`)
  assert.ok(grown < 100, `${grown} MB more`)
  await exporter.until((metrics) => sameCounts(metrics, oneChange), 'the change, meanwhile')
  const took = await timed(async () => {
    for (const socket of sockets) socket.destroy()
    await exporter.until(isWell, 'all is well')
  })
  return took
}

const nodes = 30_000
const lossesMs = 10_000
const batch = 100

export const massChange: Play = async (t) => {
  const cluster = new LabCluster()
  for (let index = 0; index < nodes; index++) cluster.addNode(`node-${index}`)
  const kubernetes = await LabKubernetes.start({ cluster, tls: false })
  t.after(() => kubernetes.close())
  const folder = await mkdtemp(join(tmpdir(), 'mass-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  const kubeconfig = await kubernetes.writeKubeconfig(join(folder, 'kubeconfig'))
  const exporter = await Exporter.start({ config: { clusters: [{ name: 'mass', nodes: { kubeconfig } }] } })
  t.after(() => exporter.stop())
  const ready = (metrics: Metrics) => metrics.value('nodes', 'ready="true"')
  await exporter.until((metrics) => ready(metrics) === nodes, 'all nodes', 60_000)
  const scrapes = startScrapes(t, exporter, 250)
  for (const status of ['Unknown', 'True'] as const) {
    const began = performance.now()
    for (let from = 0; from < nodes; from += batch) {
      for (let index = from; index < from + batch; index++) cluster.setReady(`node-${index}`, status)
      await pause(Math.max(0, began + (lossesMs * from) / nodes - performance.now()))
    }
  }
  const took = await timed(() => exporter.until((metrics) => ready(metrics) === nodes, 'all are back', 60_000))
  await scrapes.end()
  const metrics = await exporter.metrics()
  assert.equal(metrics.value('node_ready_transitions_total', 'to="unknown"'), nodes)
  assert.equal(metrics.value('node_ready_transitions_total', 'to="true"'), nodes)
  const worst = Math.max(...scrapes.times)
  t.diagnostic(`mass-change: scrapes of ${worst.toFixed(0)} ms at the most`)
  assert.ok(scrapes.times.length > 10, `${scrapes.times.length} scrapes`)
  assert.ok(worst < longestScrapeMs, `a scrape took ${worst} ms`)
  return took
}
