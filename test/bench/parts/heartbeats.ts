/** What a look at the leases of all nodes costs, and that a large cluster does not hold up the rest. */
import { BenchCluster } from '../kubernetes.ts'
import { cpuSeconds, longestBlock, monitorReport, resident } from '../measured.ts'
import { type Part, type PartDeps, pause } from '../part.ts'
import type { Row } from '../report.ts'

/** Nodes, and how long a look may take in s: 5 is half of the schedule, where it would be made rarer. */
const secondsGoals = new Map([
  [5_000, 1],
  [50_000, 5],
])
const blockGoalMs = 100
/** Small nodes, since their list is no matter here. */
const imageBytes = 500
const listLimitMs = 60_000
const looks = 2
const lookLimitMs = 45_000

export const heartbeatsPart: Part = {
  name: 'heartbeats',
  limitMs: 150_000,
  async run(deps) {
    const rows: Row[] = []
    for (const [nodes, goal] of secondsGoals) rows.push(...(await measure(nodes, goal, deps)))
    return rows
  },
}

async function measure(nodes: number, goal: number, { subject, say }: PartDeps): Promise<Row[]> {
  say(`${nodes} leases, ${looks} looks`)
  const cluster = await BenchCluster.start(nodes, imageBytes)
  const config = { clusters: [{ name: 'bench', nodes: { kubeconfig: cluster.kubeconfig } }] }
  const exporter = await subject.start(config, { monitored: true })
  try {
    await exporter.ready(listLimitMs)
    const runs = async () => {
      const metrics = await exporter.metrics()
      const told = (name: string) => metrics.value(`collector_duration_seconds_${name}`, 'collector="heartbeats"') ?? 0
      return { count: told('count'), seconds: told('sum'), stale: metrics.value('nodes_heartbeat_stale') ?? Number.NaN }
    }
    const startedMs = Date.now()
    const [before, cpuBefore] = [await runs(), await cpuSeconds(exporter.pid)]
    let now = before
    while (now.count < before.count + looks) {
      if (Date.now() > startedMs + lookLimitMs) throw new Error(`no ${looks} looks within ${lookLimitMs} ms`)
      await pause(200)
      now = await runs()
    }
    const cpu = (await cpuSeconds(exporter.pid)) - cpuBefore
    const monitor = await monitorReport(exporter)
    const block = longestBlock(monitor, startedMs)
    const { nowMb, peakMb } = await resident(exporter.pid)
    const took = now.count - before.count
    const row = (name: string, value: number, unit: string, atMost?: number): Row => ({
      part: 'heartbeats',
      name: `${nodes.toLocaleString('en')} leases: ${name}`,
      value,
      unit,
      ...(atMost === undefined ? {} : { against: { kind: 'at_most', value: atMost } }),
    })
    return [
      row('a look at all of them', (now.seconds - before.seconds) / took, 's', goal),
      row('CPU of the process per look', cpu / took, 's'),
      row('called stale, of kubelets that all renew', now.stale, '', 0),
      row('resident now', nowMb, 'MB'),
      row('resident at the peak, first list of nodes included', peakMb, 'MB'),
      row('longest block of the event loop, CPU', block.cpuMs, 'ms', blockGoalMs),
      row('longest block of the event loop, clock', block.ms, 'ms'),
    ]
  } finally {
    await exporter.stop()
    await cluster.stop()
  }
}
