/** What one check of a DNS answer costs, beside prometheus-blackbox-exporter with the same names at the same server. */
import type { Exporter, Metrics } from '../../e2e/exporter.ts'
import { startKnot } from '../../lab/knot.ts'
import { Blackbox } from '../blackbox.ts'
import { DnsExporter, installDnsExporter } from '../dns-exporter.ts'
import { dnsperfCpuMicros } from '../dnsperf.ts'
import { cpuSeconds, resident } from '../measured.ts'
import { type Part, type PartDeps, pause } from '../part.ts'
import type { Row } from '../report.ts'
import { type Bucket, bucketQuantile, bucketsBetween, bucketsTogether, median, percentile } from '../statistics.ts'
import { benchZone, dnsSection, names, records } from '../zone.ts'

const watchedNames = 1_000
const rounds = 3
const roundMs = 7_000
/** The compiler of V8 is busy for the first 15 s of such a load; an exporter runs for weeks. */
const warmUpMs = 20_000
/** After a stop by SIGSTOP: what waited is told late, and the schedule finds its feet. */
const resumeMs = 2_000
const everyMs = 1_000
/** Of each name, by dnsperf: the clock of its CPU time has steps of 10 ms. */
const limitTimes = 100
/** A check takes dns_exporter some 3 ms. */
const slowPeerNames = 300
const floor = 5
const goal = 8

interface Ours {
  readonly cpuMicros: number
  readonly failed: number
  readonly durations: readonly Bucket[]
}

interface Theirs {
  readonly cpuMicros: number
  readonly wallMs: readonly number[]
}

export const dnsPart: Part = {
  name: 'dns',
  limitMs: 200_000,
  async run({ subject, say }) {
    const dnsExporter = await startDnsExporter(say)
    const knot = await startKnot(benchZone, records(watchedNames))
    const blackbox = await Blackbox.start(names(watchedNames))
    const clusters = [{ name: 'bench', dns: dnsSection(watchedNames, knot.address) }]
    const exporter = await subject.start({ schedules: { dns: '* * * * * *' }, clusters }, { monitored: false })
    try {
      say(`${watchedNames} names, every second, ours and blackbox in turns, ${rounds} rounds`)
      await pause(warmUpMs)
      const ours: Ours[] = []
      const theirs: Theirs[] = []
      const limits: number[] = []
      const second: number[] = []
      for (let round = 0; round < rounds; round += 1) {
        await pause(resumeMs)
        ours.push(await measureOurs(exporter))
        exporter.signal('SIGSTOP')
        theirs.push(await measureBlackbox(blackbox, knot.address))
        limits.push(await dnsperfCpuMicros(names(watchedNames), knot.port, limitTimes))
        if (dnsExporter !== undefined) {
          second.push(await dnsExporter.cpuMicros(names(slowPeerNames), knot.address))
        }
        exporter.signal('SIGCONT')
      }
      const memory = { ours: await resident(exporter.pid), theirs: await resident(blackbox.pid) }
      return report(ours, { theirs, second, limits }, memory)
    } finally {
      exporter.signal('SIGCONT')
      await exporter.stop()
      await blackbox.stop()
      await dnsExporter?.stop()
      await knot.stop()
    }
  },
}

/** The bench needs no Python: without it there is one row less. */
async function startDnsExporter(say: PartDeps['say']): Promise<DnsExporter | undefined> {
  let folder: string
  try {
    folder = await installDnsExporter()
  } catch (error) {
    say(`no row for dns_exporter: ${error instanceof Error ? error.message : error}`)
    return undefined
  }
  return await DnsExporter.start(folder)
}

/** The whole process, a scrape of all its series included. */
async function measureOurs(exporter: Exporter): Promise<Ours> {
  const first = await exporter.metrics()
  const cpuBefore = await cpuSeconds(exporter.pid)
  await pause(roundMs)
  const last = await exporter.metrics()
  const cpu = (await cpuSeconds(exporter.pid)) - cpuBefore
  const [before, after] = [queries(first), queries(last)]
  return {
    cpuMicros: (cpu / (after.good - before.good)) * 1e6,
    failed: after.failed - before.failed,
    durations: durations(first, last),
  }
}

/** Queries that wait while the process is stopped time out, so those before a round do not count. */
function queries(metrics: Metrics): { good: number; failed: number } {
  const sum = (lines: readonly string[]) => lines.reduce((total, line) => total + lastNumber(line), 0)
  const lines = metrics.lines('dns_queries_total{')
  const good = sum(lines.filter((line) => line.includes('result="NOERROR"')))
  return { good, failed: sum(lines) - good }
}

async function measureBlackbox(blackbox: Blackbox, server: string): Promise<Theirs> {
  const watched = names(watchedNames)
  const wallMs: number[] = []
  await blackbox.probeAll(watched, server)
  const cpuBefore = await cpuSeconds(blackbox.pid)
  const startedMs = Date.now()
  for (let turn = 1; turn * everyMs <= roundMs; turn += 1) {
    wallMs.push(...(await blackbox.probeAll(watched, server)))
    await pause(Math.max(0, startedMs + turn * everyMs - Date.now()))
  }
  const cpu = (await cpuSeconds(blackbox.pid)) - cpuBefore
  return { cpuMicros: (cpu / wallMs.length) * 1e6, wallMs }
}

function durations(before: Metrics, after: Metrics): Bucket[] {
  const buckets = (metrics: Metrics) =>
    metrics.lines('dns_query_duration_seconds_bucket').map((line) => {
      const le = /le="([^"]+)"/.exec(line)?.[1] ?? ''
      return { le: le === '+Inf' ? Number.POSITIVE_INFINITY : Number(le), count: lastNumber(line) }
    })
  return bucketsBetween(buckets(before), buckets(after))
}

function lastNumber(line: string): number {
  return Number(line.slice(line.lastIndexOf(' ') + 1))
}

interface Peers {
  readonly theirs: readonly Theirs[]
  /** CPU of dns_exporter in µs, by round; empty where it is not to be had. */
  readonly second: readonly number[]
  /** CPU of dnsperf in µs, by round. */
  readonly limits: readonly number[]
}

function report(
  ours: readonly Ours[],
  { theirs, second, limits }: Peers,
  memory: Readonly<Record<'ours' | 'theirs', { nowMb: number }>>,
): Row[] {
  const part = 'dns'
  const peer = (value: number) => ({ kind: 'peer' as const, name: 'blackbox', value })
  const ratio = median(theirs.map(({ cpuMicros }, round) => cpuMicros / (ours[round]?.cpuMicros ?? Number.NaN)))
  const buckets = bucketsTogether(ours.map((figures) => figures.durations))
  const wallMs = theirs.flatMap((figures) => figures.wallMs)
  const cpu = peer(median(theirs.map(({ cpuMicros }) => cpuMicros)))
  const oursMicros = median(ours.map(({ cpuMicros }) => cpuMicros))
  const slow = { kind: 'peer' as const, name: 'dns_exporter', value: median(second) }
  const limit = { kind: 'peer' as const, name: 'dnsperf', value: median(limits) }
  const least = (value: number) => ({ kind: 'at_least' as const, value })
  return [
    {
      part,
      name: 'CPU per check, change detection and scrape included',
      value: oursMicros,
      unit: 'µs',
      against: cpu,
    },
    ...(second.length === 0 ? [] : [{ part, name: 'CPU per check', value: oursMicros, unit: 'µs', against: slow }]),
    { part, name: 'CPU per check, the limit', value: oursMicros, unit: 'µs', against: limit },
    { part, name: "blackbox's CPU per check over ours: required", value: ratio, unit: '×', against: least(floor) },
    { part, name: "blackbox's CPU per check over ours: goal", value: ratio, unit: '×', against: least(goal) },
    ...[0.5, 0.99].map((share) => {
      const against = peer(percentile(wallMs, share))
      const value = bucketQuantile(buckets, share) * 1_000
      return { part, name: `query, packet to reply, p${share * 100} (peer: whole probe)`, value, unit: 'ms', against }
    }),
    {
      part,
      name: 'queries that failed while measured',
      value: ours.reduce((sum, { failed }) => sum + failed, 0),
      unit: '',
      against: { kind: 'at_most', value: 0 },
    },
    { part, name: 'resident', value: memory.ours.nowMb, unit: 'MB', against: peer(memory.theirs.nowMb) },
  ]
}
