/**
 * Churn on everything for a while, then rest: memory must be flat, no socket, timer or series left behind, and what is
 * shown must be what is there. `npm run soak:churn [real|compressed] [minutes]`
 *
 * `real`: the schedules that users have, a change each second. `compressed`: every schedule each second and 20 changes a
 * second, so that 6 minutes hold the changes of two hours. Both begin with a burst that fills what is bounded: the history
 * of changes, the last hour of the ratio, the last runs.
 */
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Exporter, type Metrics } from '../e2e/exporter.ts'
import { Random } from '../fuzz/random.ts'
import { ChurningWorld } from './churning.ts'
import { differences } from './comparison.ts'
import { slope } from './trend.ts'

const everySecond = '* * * * * *'
const modes = {
  real: { minutes: 20, changesPerSecond: 1, schedules: {} },
  compressed: {
    minutes: 6,
    changesPerSecond: 20,
    schedules: { dns: everySecond, load_balancers: everySecond, heartbeats: everySecond },
  },
} as const
const retention = '30s'
const restLimitMs = 150_000
const burstSeconds = 90
const burstChangesPerSecond = 20
const sampleMs = 1_000
const reloadEvery = 30
const collectEvery = 30
/** Of the memory at the begin, over the whole time. Pages of the process are touched late, garbage is collected late. */
const heapGrowthLimit = 0.08
const residentGrowthLimit = 0.15
/** What V8 compiles grows for half an hour, as code grows hot: no data, and bounded by the program. */
const spacesOfCode = /code|trusted/

interface Sample {
  readonly seconds: number
  readonly residentMb: number
  /** Of data, after a collection; undefined where there was none. */
  readonly heapMb: number | undefined
  readonly files: number
  readonly resources: number
  readonly series: number
}

const [modeName = 'compressed', minutesText] = process.argv.slice(2)
const mode = modeName === 'real' || modeName === 'compressed' ? modes[modeName] : undefined
const minutes = Number(minutesText ?? mode?.minutes)
if (mode === undefined || !(minutes > 0)) {
  process.stderr.write('usage: npm run soak:churn [real|compressed] [minutes]\n')
  process.exit(2)
}

const folder = await mkdtemp(join(tmpdir(), 'soak-'))
const world = await ChurningWorld.start(new Random(1))
const kubeconfig = await world.kubernetes.writeKubeconfig(join(folder, 'kubeconfig'))
const config = (watched?: number) => world.config(kubeconfig, mode.schedules, retention, watched)
const exporter = await Exporter.start({
  config: config(),
  flags: [`--storage.path=${join(folder, 'state')}`],
  env: { AWS_ACCESS_KEY_ID: 'lab', AWS_SECRET_ACCESS_KEY: 'lab' },
  nodeFlags: ['--max-semi-space-size=8', '--expose-gc', `--import=${import.meta.dirname}/collect-on-signal.ts`],
})
let faults: string[] = []
try {
  await exporter.ready(60_000)
  const before = await sample(0, true)
  await churn(Math.min(burstSeconds, minutes * 60), burstChangesPerSecond)
  const samples = await churn(minutes * 60, mode.changesPerSecond)
  world.rest()
  await exporter.writeConfig(config())
  exporter.signal('SIGHUP')
  faults = [...(await rest()), ...judge(before, samples, await sample(minutes * 60, true))]
} finally {
  const code = await exporter.stop()
  if (code !== 0) faults.push(`the exporter ended with ${code}`)
  await world.close()
  await rm(folder, { recursive: true, force: true })
}
for (const fault of faults) process.stderr.write(`NOT OK: ${fault}\n`)
if (faults.length === 0) process.stdout.write('ok\n')
process.exitCode = faults.length === 0 ? 0 : 1

async function churn(seconds: number, changesPerSecond: number): Promise<Sample[]> {
  const samples: Sample[] = []
  const changing = setInterval(() => world.change(), 1000 / changesPerSecond)
  const began = performance.now()
  try {
    for (let second = 1; second <= seconds; second += 1) {
      await new Promise((resolve) => setTimeout(resolve, Math.max(0, began + second * sampleMs - performance.now())))
      if (second % reloadEvery === 0) await reload(second)
      samples.push(await sample(second, second % collectEvery === 0))
    }
  } finally {
    clearInterval(changing)
  }
  return samples
}

/** Half of the names leave the config and come back the next time. */
async function reload(second: number): Promise<void> {
  await exporter.writeConfig(config((second / reloadEvery) % 2 === 0 ? undefined : 12))
  exporter.signal('SIGHUP')
}

async function sample(seconds: number, collected: boolean): Promise<Sample> {
  if (collected) exporter.signal('SIGUSR2')
  const metrics = await exporter.metrics()
  const number = (name: string) => Number(new RegExp(`^${name} (\\S+)`, 'm').exec(metrics.text)?.[1])
  const resources = [...metrics.text.matchAll(/^nodejs_active_resources\{.*\} (\d+)$/gm)]
  return {
    seconds,
    residentMb: number('process_resident_memory_bytes') / 1e6,
    heapMb: collected ? dataBytes(metrics) / 1e6 : undefined,
    files: (await readdir(`/proc/${exporter.pid}/fd`)).length,
    resources: resources.reduce((sum, [, value]) => sum + Number(value), 0),
    series: metrics.own().length,
  }
}

/** Of the heap, without code. */
function dataBytes({ text }: Metrics): number {
  let bytes = 0
  for (const [, space = '', value] of text.matchAll(/^nodejs_heap_space_size_used_bytes\{space="([^"]+)"\} (\S+)$/gm)) {
    if (!spacesOfCode.test(space)) bytes += Number(value)
  }
  return bytes
}

/** What is shown becomes what is there, retired addresses leave when their time is up. */
async function rest(): Promise<string[]> {
  const deadline = Date.now() + restLimitMs
  for (;;) {
    const metrics: Metrics = await exporter.metrics()
    const wrong = differences(metrics, world.expected())
    if (wrong.length === 0 || Date.now() > deadline) return wrong
    await new Promise((resolve) => setTimeout(resolve, sampleMs))
  }
}

function judge(before: Sample, samples: readonly Sample[], after: Sample): string[] {
  const hours = samples.map(({ seconds }) => seconds / 3600)
  const resident = samples.map(({ residentMb }) => residentMb)
  const residentSlope = slope(hours, resident)
  const collected = samples.filter(({ heapMb }) => heapMb !== undefined)
  const heap = collected.map(({ heapMb = 0 }) => heapMb)
  const heapSlope = slope(
    collected.map(({ seconds }) => seconds / 3600),
    heap,
  )
  const most = (of: (sample: Sample) => number) => Math.max(...samples.map(of))
  const told = [
    `${world.changes} changes in ${minutes} min; ${samples.length} scrapes`,
    `resident ${resident[0]?.toFixed(0)} to ${resident.at(-1)?.toFixed(0)} MB, slope ${residentSlope.toFixed(1)} MB/h`,
    `data on the heap after collections ${heap[0]?.toFixed(1)} to ${heap.at(-1)?.toFixed(1)} MB, slope ${heapSlope.toFixed(1)} MB/h`,
    `open files ${before.files} before, ${most(({ files }) => files)} at most, ${after.files} after`,
    `handles and timers ${before.resources} before, ${most(({ resources }) => resources)} at most, ${after.resources} after`,
    `series ${before.series} before, ${most(({ series }) => series)} at most, ${after.series} after`,
  ]
  process.stdout.write(`${told.join('\n')}\n`)
  const grown: string[] = []
  const span = (hours.at(-1) ?? 0) - (hours[0] ?? 0)
  if (residentSlope * span > residentGrowthLimit * (resident[0] ?? 0))
    grown.push(`resident memory grows by ${residentSlope.toFixed(1)} MB/h`)
  if (heapSlope * span > heapGrowthLimit * (heap[0] ?? 0)) grown.push(`the heap grows by ${heapSlope.toFixed(1)} MB/h`)
  if (after.files > before.files + 8) grown.push(`${after.files - before.files} files stay open`)
  if (after.resources > before.resources + 8) grown.push(`${after.resources - before.resources} handles or timers stay`)
  return grown
}
