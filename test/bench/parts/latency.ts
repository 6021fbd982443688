/** From a node's change of status in the API server to /metrics. */
import type { Exporter } from '../../e2e/exporter.ts'
import { HttpClient } from '../http.ts'
import { BenchCluster } from '../kubernetes.ts'
import { type Part, type PartDeps, pause } from '../part.ts'
import type { Row } from '../report.ts'
import { percentile } from '../statistics.ts'

const samples = 200
const pollMs = 5
const seenLimitMs = 5_000
const goalMs = 250
/** Changes come at any time between two of the exporter's own ticks. */
const spreadMs = 120
/** `updatesPerSecond`: three times what kubelets that have nothing to tell send. */
const clusters = [
  { nodes: 100, updatesPerSecond: 0 },
  { nodes: 5_000, updatesPerSecond: 50 },
]

export const latencyPart: Part = {
  name: 'latency',
  limitMs: 120_000,
  async run(deps) {
    const rows: Row[] = []
    for (const { nodes, updatesPerSecond } of clusters) rows.push(...(await measure(nodes, updatesPerSecond, deps)))
    return rows
  },
}

async function measure(nodes: number, updatesPerSecond: number, { subject, say }: PartDeps): Promise<Row[]> {
  say(`${nodes} nodes, ${updatesPerSecond} updates a second, ${samples} changes`)
  const cluster = await BenchCluster.start(nodes)
  const config = { clusters: [{ name: 'bench', nodes: { kubeconfig: cluster.kubeconfig } }] }
  const exporter = await subject.start(config, { monitored: false })
  const client = new HttpClient(1)
  try {
    await exporter.ready()
    await cluster.ask({ do: 'update', perSecond: updatesPerSecond })
    const times: number[] = []
    for (let index = 0; index < samples; index += 1) {
      await pause((spreadMs * ((index * 37) % samples)) / samples)
      times.push(await change(index, cluster, exporter, client))
    }
    const label = `${nodes.toLocaleString('en')} nodes`
    return [
      { part: 'latency', name: `${label}: change to /metrics p50`, value: percentile(times, 0.5), unit: 'ms' },
      {
        part: 'latency',
        name: `${label}: change to /metrics p99`,
        value: percentile(times, 0.99),
        unit: 'ms',
        against: { kind: 'at_most', value: goalMs },
      },
    ]
  } finally {
    client.close()
    await exporter.stop()
    await cluster.stop()
  }
}

/** A node goes with even samples and comes back with odd ones. In ms, the scrape that shows it included. */
async function change(index: number, cluster: BenchCluster, exporter: Exporter, client: HttpClient): Promise<number> {
  const wanted = index % 2 === 0 ? 1 : 0
  const ready = wanted === 1 ? 'Unknown' : 'True'
  const startedNs = await cluster.ask({ do: 'set_ready', node: index >> 1, ready })
  const deadline = Date.now() + seenLimitMs
  for (;;) {
    const { body, endedNs } = await client.get(`${exporter.url}/metrics`)
    const told = /^elbchurn_nodes\{[^}]*ready="unknown"[^}]*\} (\d+)$/m.exec(body.toString())?.[1]
    if (Number(told) === wanted) return Number(endedNs - startedNs) / 1e6
    if (Date.now() > deadline) throw new Error(`a node's change was not in /metrics within ${seenLimitMs} ms`)
    await pause(pollMs)
  }
}
