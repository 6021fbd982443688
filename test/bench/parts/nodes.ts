/** Memory, the first list, and how long the event loop is held up: idle, and with clusters of 25 KB nodes. */
import type { Exporter } from '../../e2e/exporter.ts'
import { type Knot, startKnot } from '../../lab/knot.ts'
import { BenchCluster } from '../kubernetes.ts'
import { listeningAtMs, longestBlock, monitorReport, resident } from '../measured.ts'
import { type Part, type PartDeps, pause } from '../part.ts'
import type { Row } from '../report.ts'
import { benchZone, dnsSection, records } from '../zone.ts'

const watchedNames = 10
/** MB resident at the most, the peak of the first list included. */
const memoryGoals = new Map([
  [0, 140],
  [5_000, 180],
  [50_000, 250],
])
const blockGoalMs = 100
/** A kubelet reports its status every 5 minutes where nothing changes. */
const reportEverySeconds = 300
const settleMs = 8_000
const listLimitMs = 90_000
const incidentLimitMs = 60_000

export const nodesPart: Part = {
  name: 'nodes',
  limitMs: 180_000,
  async run(deps) {
    const knot = await startKnot(benchZone, records(watchedNames))
    try {
      const rows: Row[] = []
      for (const [nodes, goalMb] of memoryGoals) rows.push(...(await measure(nodes, goalMb, knot, deps)))
      return rows
    } finally {
      await knot.stop()
    }
  },
}

async function measure(nodes: number, goalMb: number, knot: Knot, { subject, say }: PartDeps): Promise<Row[]> {
  say(
    nodes === 0 ? 'idle, DNS only' : `${nodes} nodes of 25 KB: first list, quiet watch, half of them NotReady at once`,
  )
  const cluster = nodes === 0 ? undefined : await BenchCluster.start(nodes)
  const dns = dnsSection(watchedNames, knot.address)
  const watched = cluster === undefined ? { dns } : { dns, nodes: { kubeconfig: cluster.kubeconfig } }
  const exporter = await subject.start({ clusters: [{ name: 'bench', ...watched }] }, { monitored: true })
  try {
    const startedMs = listeningAtMs(exporter)
    await exporter.ready(listLimitMs)
    await cluster?.ask({ do: 'update', perSecond: nodes / reportEverySeconds })
    await pause(settleMs)
    const quiet = await resident(exporter.pid)
    const label = nodes === 0 ? 'idle' : `${nodes.toLocaleString('en')} nodes`
    const row = (name: string, value: number, unit: string, goal?: number): Row => ({
      part: 'nodes',
      name: `${label}: ${name}`,
      value,
      unit,
      ...(goal === undefined ? {} : { against: { kind: 'at_most', value: goal } }),
    })
    const rows = [
      row('resident now', quiet.nowMb, 'MB'),
      row('resident at the peak so far', quiet.peakMb, 'MB', goalMb),
      ...(cluster === undefined ? [] : await listAndIncident(exporter, cluster, nodes, row)),
    ]
    const monitor = await monitorReport(exporter)
    return [
      ...rows,
      row('longest block of the event loop, CPU', longestBlock(monitor, startedMs).cpuMs, 'ms', blockGoalMs),
      row('longest block of the event loop, clock', longestBlock(monitor, startedMs).ms, 'ms'),
      row('longest block while starting, CPU', longestBlock(monitor, 0, startedMs).cpuMs, 'ms'),
      row('longest pause of the garbage collector', monitor.gcMaxMs, 'ms'),
    ]
  } finally {
    await exporter.stop()
    await cluster?.stop()
  }
}

async function listAndIncident(
  exporter: Exporter,
  cluster: BenchCluster,
  nodes: number,
  row: (name: string, value: number, unit: string) => Row,
): Promise<Row[]> {
  const listed = await exporter.metrics()
  const listSeconds = listed.value('collector_duration_seconds_sum', 'collector="nodes"') ?? Number.NaN
  const half = Math.floor(nodes / 2)
  const startedMs = Date.now()
  await cluster.ask({ do: 'set_many', nodes: half, ready: 'Unknown' })
  await exporter.until((now) => now.value('nodes', 'ready="unknown"') === half, 'half are NotReady', incidentLimitMs)
  const seenSeconds = (Date.now() - startedMs) / 1_000
  const { peakMb } = await resident(exporter.pid)
  return [
    row('first list', listSeconds, 's'),
    row('half NotReady at once, until all are told', seenSeconds, 's'),
    row('resident at the peak, that included', peakMb, 'MB'),
  ]
}
