/**
 * `node test/bench/compare.ts [--base=REF]`: is this checkout slower than the one it is based on? Both are compiled and run
 * at the same time on the same load, so what else the machine does slows both, and only their ratio is judged.
 */
import { execFile } from 'node:child_process'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs, promisify } from 'node:util'
import type { Exporter } from '../e2e/exporter.ts'
import { startKnot } from '../lab/knot.ts'
import { HttpClient } from './http.ts'
import { BenchCluster } from './kubernetes.ts'
import { cpuSeconds, resident } from './measured.ts'
import { pause } from './part.ts'
import { judge, type Row, table } from './report.ts'
import { median } from './statistics.ts'
import { checkout, Subject } from './subject.ts'
import { benchZone, dnsSection, records } from './zone.ts'

const slowest = 1.5
const watchedNames = 1_000
/** Less than the bench takes: the code that V8 has not compiled yet is the same share of both. */
const warmUpMs = 12_000
const rounds = 7
const roundMs = 3_000
const scrapes = 60
const nodes = 5_000
const listLimitMs = 60_000

interface Pair<T> {
  readonly base: T
  readonly head: T
}

const git = async (...args: readonly string[]): Promise<string> => {
  const { stdout } = await promisify(execFile)('git', args, { cwd: checkout })
  return stdout.trim()
}

async function main(): Promise<number> {
  const { values } = parseArgs({ options: { base: { type: 'string' } } })
  const commit = await baseOf(values.base)
  say(`base ${commit.slice(0, 12)}, head ${(await git('rev-parse', 'HEAD')).slice(0, 12)} with what is changed here`)
  const subjects = await build(commit)
  const rows = [...(await compareDns(subjects)), ...(await compareNodes(subjects))].map(judge)
  process.stdout.write(table(rows))
  return rows.some(({ verdict }) => verdict === 'MISSED') ? 1 : 0
}

/** Where this branch left `ref`; on `ref` itself, the commit before. */
async function baseOf(ref = 'origin/main'): Promise<string> {
  const head = await git('rev-parse', 'HEAD')
  const base = await git('merge-base', 'HEAD', ref).catch(() => head)
  return base === head ? await git('rev-parse', 'HEAD^') : base
}

/** Both with the dependencies of this checkout: it is the code of the project that is compared. */
async function build(commit: string): Promise<Pair<Subject>> {
  const worktree = join(checkout, '.cache/bench/base-sources')
  const remove = async () => {
    await git('worktree', 'remove', '--force', worktree).catch(() => rm(worktree, { recursive: true, force: true }))
    await git('worktree', 'prune')
  }
  await remove()
  await git('worktree', 'add', '--detach', worktree, commit)
  try {
    return { base: await Subject.build('base', worktree), head: await Subject.build() }
  } finally {
    await remove()
  }
}

async function compareDns(subjects: Pair<Subject>): Promise<Row[]> {
  say(`${watchedNames} names every second, ${rounds} rounds; then ${scrapes} scrapes of each`)
  const knot = await startKnot(benchZone, records(watchedNames))
  const clusters = [{ name: 'bench', dns: dnsSection(watchedNames, knot.address) }]
  const exporters = await both(subjects, { schedules: { dns: '* * * * * *' }, clusters })
  try {
    await pause(warmUpMs)
    const cpu: number[] = []
    for (let round = 0; round < rounds; round += 1) cpu.push(await cpuRatio(exporters))
    const scrape = await scrapeRatio(exporters)
    return [row('CPU per DNS check', median(cpu)), row('GET /metrics', scrape)]
  } finally {
    await stop(exporters)
    await knot.stop()
  }
}

async function cpuRatio({ base, head }: Pair<Exporter>): Promise<number> {
  const before = await Promise.all([spent(base), spent(head)])
  await pause(roundMs)
  const after = await Promise.all([spent(base), spent(head)])
  const [ofBase, ofHead] = after.map(({ cpu, checks }, index) => {
    return (cpu - (before[index]?.cpu ?? 0)) / (checks - (before[index]?.checks ?? 0))
  })
  return (ofHead ?? Number.NaN) / (ofBase ?? Number.NaN)
}

async function spent(exporter: Exporter): Promise<{ cpu: number; checks: number }> {
  const lines = (await exporter.metrics()).lines('dns_queries_total{')
  const checks = lines.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0)
  return { cpu: await cpuSeconds(exporter.pid), checks }
}

/** In turns, so that both meet the same machine. */
async function scrapeRatio({ base, head }: Pair<Exporter>): Promise<number> {
  const client = new HttpClient(1)
  try {
    const ratios: number[] = []
    for (let index = 0; index < scrapes; index += 1) {
      const { ms: baseMs } = await client.get(`${base.url}/metrics`)
      const { ms: headMs } = await client.get(`${head.url}/metrics`)
      ratios.push(headMs / baseMs)
    }
    return median(ratios)
  } finally {
    client.close()
  }
}

async function compareNodes(subjects: Pair<Subject>): Promise<Row[]> {
  say(`the first list of ${nodes} nodes`)
  const cluster = await BenchCluster.start(nodes)
  const config = { clusters: [{ name: 'bench', nodes: { kubeconfig: cluster.kubeconfig } }] }
  const exporters = await both(subjects, config)
  try {
    await Promise.all([exporters.base.ready(listLimitMs), exporters.head.ready(listLimitMs)])
    const cpu = { base: await cpuSeconds(exporters.base.pid), head: await cpuSeconds(exporters.head.pid) }
    const memory = { base: await resident(exporters.base.pid), head: await resident(exporters.head.pid) }
    return [
      row(`CPU of start and first list, ${nodes} nodes`, cpu.head / cpu.base),
      row(`resident at the peak, ${nodes} nodes`, memory.head.peakMb / memory.base.peakMb),
    ]
  } finally {
    await stop(exporters)
    await cluster.stop()
  }
}

async function both({ base, head }: Pair<Subject>, config: object): Promise<Pair<Exporter>> {
  const options = { monitored: false }
  const [ofBase, ofHead] = await Promise.all([base.start(config, options), head.start(config, options)])
  return { base: ofBase, head: ofHead }
}

async function stop({ base, head }: Pair<Exporter>): Promise<void> {
  await Promise.all([base.stop(), head.stop()])
}

function row(name: string, ratio: number): Row {
  return {
    part: 'compare',
    name: `${name}: head over base`,
    value: ratio,
    unit: '×',
    against: { kind: 'at_most', value: slowest },
  }
}

function say(text: string): void {
  process.stderr.write(`${text}\n`)
}

process.exit(await main())
