/** `npm run page-time`: how soon the outage pages somebody, measured on the whole chain at real speed. */
import { Command, InvalidArgumentError } from 'commander'
import { settings } from '../../alerts/config.ts'
import { parseDuration } from '../../exporter/core/duration.ts'
import { type Found, measure, type Run, type Watching } from './page-time/measure.ts'

interface Flags {
  readonly runs: number
  readonly scrape: number
  readonly evaluation: number
  readonly agents: boolean
  readonly json: boolean
}

const program = new Command('npm run page-time --')
  .description('Plays the outage at real speed, and measures how long until the pager is told. Takes about 5 minutes.')
  .option('--runs <count>', 'clusters, all at once', toRuns, 10)
  .option('--scrape <duration>', 'scrape interval of Prometheus', toMs, 15_000)
  .option('--evaluation <duration>', 'evaluation interval of the rules (default: as shipped)', toMs)
  .option('--no-agents', 'without kubelets and node agents, which need root and iproute2')
  .option('--json', 'as JSON', false)
  .helpOption('--help', 'print this help')
  .action(async (flags: Partial<Flags>) => {
    process.exitCode = await pageTime({ evaluation: settings.evaluation_interval.standard, ...flags } as Flags)
  })

async function pageTime({ runs, scrape, evaluation, agents, json }: Flags): Promise<number> {
  const stop = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort())
  const found = await measure({ runs, scrapeMs: scrape, evaluationMs: evaluation, agents, signal: stop.signal })
  if (stop.signal.aborted) return 130
  const rows = rowsOf(found)
  const used = { runs, scrape_seconds: scrape / 1_000, evaluation_seconds: evaluation / 1_000 }
  const whole = { ...used, to_the_page: rows, found: Object.fromEntries(found) }
  process.stdout.write(json ? `${JSON.stringify(whole, null, 2)}\n` : table(used, rows))
  return 0
}

const words: Readonly<Record<Watching, string>> = {
  conditions: 'node conditions',
  heartbeats: 'and heartbeats',
  agents: 'and node agents',
}

/** Seconds, from the death of the address to the page. */
interface Row {
  readonly told_by: string
  readonly least: number
  readonly median: number
  readonly worst: number
  /** Median of the part from the alert to the page. */
  readonly after_alert: number
  /** Runs that were paged before their first NotReady node. */
  readonly before_not_ready: number
}

function rowsOf(found: Found): Row[] {
  return [...found].map(([watching, runs]) => {
    const seconds = sorted(runs, ({ fromDeath }) => fromDeath)
    return {
      told_by: words[watching],
      least: seconds[0] ?? Number.NaN,
      median: median(seconds),
      worst: seconds.at(-1) ?? Number.NaN,
      after_alert: median(sorted(runs, ({ fromAlert }) => fromAlert)),
      before_not_ready: runs.filter(({ fromNotReady }) => fromNotReady < 0).length,
    }
  })
}

function sorted(runs: readonly Run[], secondsOf: (run: Run) => number): number[] {
  return runs.map(secondsOf).sort((left, right) => left - right)
}

function median(seconds: readonly number[]): number {
  const middle = (seconds.length - 1) / 2
  const at = (index: number) => seconds[index] ?? Number.NaN
  return (at(Math.floor(middle)) + at(Math.ceil(middle))) / 2
}

interface Used {
  readonly runs: number
  readonly scrape_seconds: number
  readonly evaluation_seconds: number
}

const columns = ['least', 'median', 'worst', 'after alert', 'before NotReady']

function table({ runs, scrape_seconds, evaluation_seconds }: Used, rows: readonly Row[]): string {
  const line = (name: string, cells: readonly string[]) =>
    `${name.padEnd(22)}${cells.map((cell, index) => cell.padStart((columns[index]?.length ?? 0) + 3)).join('')}`
  const lines = [
    `seconds from the death of the address to the page: ${runs} runs, scrape every ${scrape_seconds} s, rules every ${evaluation_seconds} s`,
    '',
    line('told by', columns),
    ...rows.map(({ told_by, least, median: middle, worst, after_alert, before_not_ready }) => {
      const times = [least, middle, worst, after_alert].map((seconds) => seconds.toFixed(1))
      return line(told_by, [...times, `${before_not_ready} of ${runs}`])
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

await program.parseAsync()
