/** `npm run page-time`: how soon the outage pages somebody, measured on the whole chain at real speed. */
import { Command, InvalidArgumentError } from 'commander'
import { parseDuration } from '../../exporter/core/duration.ts'
import { measure, type Run } from './page-time/measure.ts'

interface Flags {
  readonly runs: number
  readonly scrape: number
  readonly evaluation: number
  readonly heartbeats: boolean
  readonly json: boolean
}

const program = new Command('npm run page-time --')
  .description('Plays the outage at real speed, and measures how long until the pager is told. Takes about 4 minutes.')
  .option('--runs <count>', 'clusters, all at once', toRuns, 10)
  .option('--scrape <duration>', 'scrape interval of Prometheus', toMs, 15_000)
  .option('--evaluation <duration>', 'evaluation interval of the rules', toMs, 15_000)
  .option('--no-heartbeats', 'without the exporter looking at leases: node conditions alone')
  .option('--json', 'as JSON', false)
  .helpOption('--help', 'print this help')
  .action(async (flags: Flags) => {
    process.exitCode = await pageTime(flags)
  })

await program.parseAsync()

async function pageTime({ runs, scrape, evaluation, heartbeats, json }: Flags): Promise<number> {
  const stop = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort())
  const found = await measure({ runs, scrapeMs: scrape, evaluationMs: evaluation, heartbeats, signal: stop.signal })
  if (stop.signal.aborted) return 130
  const rows = [
    row('death of the address', found, ({ fromDeath }) => fromDeath),
    row('first NotReady node', found, ({ fromNotReady }) => fromNotReady),
    row('alert fires', found, ({ fromAlert }) => fromAlert),
  ]
  const settings = { runs, scrape_seconds: scrape / 1_000, evaluation_seconds: evaluation / 1_000, heartbeats }
  process.stdout.write(
    json ? `${JSON.stringify({ ...settings, to_the_page: rows, found }, null, 2)}\n` : table(settings, rows),
  )
  return 0
}

/** Seconds. */
interface Row {
  readonly from: string
  readonly least: number
  readonly median: number
  readonly worst: number
}

function row(from: string, runs: readonly Run[], secondsOf: (run: Run) => number): Row {
  const seconds = runs.map(secondsOf).sort((left, right) => left - right)
  const at = (index: number) => seconds[index] ?? Number.NaN
  const middle = (seconds.length - 1) / 2
  return {
    from,
    least: at(0),
    median: (at(Math.floor(middle)) + at(Math.ceil(middle))) / 2,
    worst: at(seconds.length - 1),
  }
}

interface Settings {
  readonly runs: number
  readonly scrape_seconds: number
  readonly evaluation_seconds: number
  readonly heartbeats: boolean
}

function table({ runs, scrape_seconds, evaluation_seconds, heartbeats }: Settings, rows: readonly Row[]): string {
  const signals = heartbeats ? 'node conditions and heartbeats' : 'node conditions alone'
  const lines = [
    `${runs} runs, scrape every ${scrape_seconds} s, evaluation every ${evaluation_seconds} s, ${signals}`,
    '',
    `${'seconds to the page from'.padEnd(26)}${['least', 'median', 'worst'].map((word) => word.padStart(9)).join('')}`,
    ...rows.map(({ from, least, median, worst }) => {
      return `${from.padEnd(26)}${[least, median, worst].map((seconds) => seconds.toFixed(1).padStart(9)).join('')}`
    }),
  ]
  return `${lines.join('\n')}\n`
}

function toRuns(text: string): number {
  const runs = Number(text)
  if (Number.isInteger(runs) && runs >= 1 && runs <= 50) return runs
  throw new InvalidArgumentError('It is a whole number, 50 at most.')
}

function toMs(text: string): number {
  const ms = parseDuration(text)
  if (ms !== undefined && ms >= 1_000) return ms
  throw new InvalidArgumentError('It is a duration of 1s or more, as 15s.')
}
