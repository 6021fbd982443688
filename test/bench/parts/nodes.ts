/** Memory, the first list, steady CPU, and how long the event loop is held up: idle, and with clusters of 25 KB nodes. */
import type { Exporter } from '../../e2e/exporter.ts'
import { type Knot, startKnot } from '../../lab/knot.ts'
import { parseSeconds } from '../json-parse.ts'
import { BenchCluster } from '../kubernetes.ts'
import { cpuSeconds, listeningAtMs, longestBlock, monitorReport, resident } from '../measured.ts'
import { type Part, type PartDeps, pause } from '../part.ts'
import type { Row } from '../report.ts'
import { growthExponent } from '../statistics.ts'
import { benchZone, dnsSection, records } from '../zone.ts'

const watchedNames = 10
/** MB resident at the most, the peak of the first list included. */
const memoryGoals = new Map([
  [0, 140],
  [100, 140],
  [5_000, 180],
  [50_000, 250],
])
const blockGoalMs = 100
/** What grows in proportion has 1; the rest is for the noise. */
const growthGoal = 1.1
/** A kubelet reports its status every 5 minutes where nothing changes. */
const reportEverySeconds = 300
/** The default schedule of heartbeats; but a look that takes long is made rarer, so the looks within are counted. */
const settleMs = 10_000
const listLimitMs = 90_000
const incidentLimitMs = 60_000

export const nodesPart: Part = {
  name: 'nodes',
  limitMs: 180_000,
  async run(deps) {
    const knot = await startKnot(benchZone, records(watchedNames))
    try {
      const measured: Measured[] = []
      for (const [nodes, goalMb] of memoryGoals) measured.push(await measure(nodes, goalMb, knot, deps))
      return [...measured.flatMap(({ rows }) => rows), ...growth(measured.filter(({ nodes }) => nodes > 0))]
    } finally {
      await knot.stop()
    }
  },
}

interface Measured {
  readonly nodes: number
  readonly peakMb: number
  /** Of the whole process, from `listening` to `ready`: seconds. */
  readonly listCpu: number
  readonly rows: readonly Row[]
}

async function measure(nodes: number, goalMb: number, knot: Knot, { subject, say }: PartDeps): Promise<Measured> {
  say(
    nodes === 0 ? 'idle, DNS only' : `${nodes} nodes of 25 KB: first list, quiet watch, half of them NotReady at once`,
  )
  const cluster = nodes === 0 ? undefined : await BenchCluster.start(nodes)
  const dns = dnsSection(watchedNames, knot.address)
  const watched = cluster === undefined ? { dns } : { dns, nodes: { kubeconfig: cluster.kubeconfig } }
  const exporter = await subject.start({ clusters: [{ name: 'bench', ...watched }] }, { monitored: true })
  try {
    const startedMs = listeningAtMs(exporter)
    const cpuBefore = await cpuSeconds(exporter.pid)
    await exporter.ready(listLimitMs)
    const listCpu = (await cpuSeconds(exporter.pid)) - cpuBefore
    const steady = await steadyCpu(exporter, cluster, nodes)
    const quiet = await resident(exporter.pid)
    const label = nodes === 0 ? 'idle' : `${nodes.toLocaleString('en')} nodes`
    const row = (name: string, value: number, unit: string, against?: Row['against']): Row => ({
      part: 'nodes',
      name: `${label}: ${name}`,
      value,
      unit,
      ...(against === undefined ? {} : { against }),
    })
    const rows = [
      row('resident now', quiet.nowMb, 'MB'),
      row('resident at the peak so far', quiet.peakMb, 'MB', { kind: 'at_most', value: goalMb }),
      row('steady CPU with the monitor of the loop, % of a core', steady.percent, '%'),
      row('looks at the leases within that time', steady.looks, ''),
      ...(cluster === undefined ? [] : await listAndIncident(exporter, cluster, { nodes, listCpu }, row)),
    ]
    const monitor = await monitorReport(exporter)
    const block = longestBlock(monitor, startedMs)
    rows.push(
      row('longest block of the event loop, CPU', block.cpuMs, 'ms', { kind: 'at_most', value: blockGoalMs }),
      row('longest block of the event loop, clock', block.ms, 'ms'),
      row('longest block while starting, CPU', longestBlock(monitor, 0, startedMs).cpuMs, 'ms'),
      row('longest pause of the garbage collector', monitor.gcMaxMs, 'ms'),
    )
    return { nodes, peakMb: quiet.peakMb, listCpu, rows }
  } finally {
    await exporter.stop()
    await cluster?.stop()
  }
}

interface Steady {
  /** Of a core. */
  readonly percent: number
  readonly looks: number
}

/** The first list is over and nothing changes; kubelets report as often as they do, heartbeats and DNS go on. */
async function steadyCpu(exporter: Exporter, cluster: BenchCluster | undefined, nodes: number): Promise<Steady> {
  await cluster?.ask({ do: 'update', perSecond: nodes / reportEverySeconds })
  const looksBefore = await looksSoFar(exporter)
  const [before, startedMs] = [await cpuSeconds(exporter.pid), performance.now()]
  await pause(settleMs)
  const percent = (((await cpuSeconds(exporter.pid)) - before) / ((performance.now() - startedMs) / 1_000)) * 100
  return { percent, looks: (await looksSoFar(exporter)) - looksBefore }
}

async function looksSoFar(exporter: Exporter): Promise<number> {
  return (await exporter.metrics()).value('collector_duration_seconds_count', 'collector="heartbeats"') ?? 0
}

function growth(measured: readonly Measured[]): Row[] {
  const exponent = (name: string, of: (at: Measured) => number): Row => ({
    part: 'nodes',
    name: `growth of ${name} with the nodes, 1 = in proportion`,
    value: growthExponent(measured.map((at) => [at.nodes, of(at)])),
    unit: '',
    against: { kind: 'at_most', value: growthGoal },
  })
  return [
    exponent('the peak of memory', ({ peakMb }) => peakMb),
    exponent('the CPU of the first list', ({ listCpu }) => listCpu),
  ]
}

async function listAndIncident(
  exporter: Exporter,
  cluster: BenchCluster,
  { nodes, listCpu }: { readonly nodes: number; readonly listCpu: number },
  row: (name: string, value: number, unit: string, against?: Row['against']) => Row,
): Promise<Row[]> {
  const listed = await exporter.metrics()
  const listSeconds = listed.value('collector_duration_seconds_sum', 'collector="nodes"') ?? Number.NaN
  const half = Math.floor(nodes / 2)
  const startedMs = Date.now()
  await cluster.ask({ do: 'set_many', nodes: half, ready: 'Unknown' })
  await exporter.until((now) => now.value('nodes', 'ready="unknown"') === half, 'half are NotReady', incidentLimitMs)
  const seenSeconds = (Date.now() - startedMs) / 1_000
  const { peakMb } = await resident(exporter.pid)
  const parse = { kind: 'peer' as const, name: 'JSON.parse', value: await parseSeconds(cluster.kubeconfig, nodes) }
  return [
    row('first list', listSeconds, 's', parse),
    row('CPU from listening to ready, first list included', listCpu, 's', parse),
    row('half NotReady at once, until all are told', seenSeconds, 's'),
    row('resident at the peak, that included', peakMb, 'MB'),
  ]
}
