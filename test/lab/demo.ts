/** `npm run demo`: a whole incident on this machine, and the exporter that watches it, with one command. */
import { createServer } from 'node:net'
import { Command, InvalidArgumentError } from 'commander'
import { systemClock } from '../../exporter/service/clock.ts'
import { ConfigError } from '../../exporter/service/config/checked-yaml.ts'
import { Exporter } from '../e2e/exporter.ts'
import { bold, header, plural } from './demo/output.ts'
import { canPage, type Pager, startPager } from './demo/pager.ts'
import { type Seen, show } from './demo/show.ts'
import { theRealThing } from './demo/the-real-thing.ts'
import { Lab, shippedScenario, shippedScenarios } from './lab.ts'
import { loadScenario } from './story/scenario.ts'

interface Flags {
  readonly scenario: string
  readonly scale?: number
  readonly keep: boolean
  readonly page: boolean
}

const preferredPort = 9903
/** What a shell says of a program that a signal ended: 128 and the signal's number. */
const exitCodes = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const

const shipped = shippedScenarios().join(', ')

const program = new Command('npm run demo --')
  .description('Plays an incident on loopback and shows what the exporter says of it. Needs no cluster and no account.')
  .option('--scenario <name|file>', `${shipped}, or a file`, 'outage')
  .option('--scale <factor>', 'seconds of the story in one second; the exporter looks once a second', toScale)
  .option('--keep', 'leave everything running after the end, until Ctrl-C', false)
  .option('--no-page', 'without Prometheus and Alertmanager')
  .helpOption('--help', 'print this help')
  .action(async (flags: Flags) => {
    process.exitCode = await demo(flags)
  })

await program.parseAsync()

async function demo(flags: Flags): Promise<number> {
  const stop = new AbortController()
  let code = 0
  for (const [signal, status] of Object.entries(exitCodes)) {
    process.once(signal, () => {
      code = status
      stop.abort()
    })
  }
  // Whoever reads has had enough, as `head` does.
  process.stdout.on('error', () => stop.abort())
  try {
    const told = await play(flags, stop.signal)
    return code === 0 ? told : code
  } catch (error) {
    if (stop.signal.aborted) return code
    const faults = error instanceof ConfigError ? error.message : error instanceof Error ? error.message : String(error)
    process.stderr.write(`${faults}\n`)
    return 1
  }
}

async function play(flags: Flags, signal: AbortSignal): Promise<number> {
  const scenario = await loadScenario(scenarioFile(flags.scenario))
  const paging = flags.page && (await canPage(print, signal))
  if (signal.aborted) return 0
  const lab = await Lab.start({ scenario, ...(flags.scale !== undefined && { scale: flags.scale }) })
  try {
    if (signal.aborted) return 0
    const exporter = await startExporter(lab)
    try {
      return await run({ lab, exporter, paging, keep: flags.keep, signal })
    } finally {
      await exporter.stop()
    }
  } finally {
    await lab.close()
  }
}

function scenarioFile(scenario: string): string {
  if (shippedScenarios().includes(scenario)) return shippedScenario(scenario)
  if (/[./]/.test(scenario)) return scenario
  throw new Error(`no scenario ${scenario}: there are ${shipped}, or give a file`)
}

/** On the usual port, or on any free one where that is taken. */
async function startExporter(lab: Lab): Promise<Exporter> {
  const start = (port: number) => {
    const flags = [`--web.listen-address=127.0.0.1:${port}`]
    return Exporter.start({ config: lab.config(), env: lab.env, folder: lab.folder, flags })
  }
  if (!(await isFree(preferredPort))) return await start(0)
  try {
    return await start(preferredPort)
  } catch (error) {
    if (await isFree(preferredPort)) throw error
    return await start(0)
  }
}

interface Stage {
  readonly lab: Lab
  readonly exporter: Exporter
  readonly paging: boolean
  readonly keep: boolean
  readonly signal: AbortSignal
}

async function run({ lab, exporter, paging, keep, signal }: Stage): Promise<number> {
  await exporter.ready()
  if (signal.aborted) return 0
  const pager = paging ? await startPager(exporter.url, lab.scale, systemClock, signal) : undefined
  try {
    if (signal.aborted) return 0
    announce(lab, exporter.url, pager)
    const seen = await show({ lab, exporter, pager, clock: systemClock, print, signal })
    if (signal.aborted) return 0
    summarise(seen, lab)
    if (keep) {
      print(`\nStill running at ${exporter.url} until Ctrl-C.`)
      while (!signal.aborted) await systemClock.sleep(60_000, signal)
    }
    return seen.missed.length === 0 ? 0 : 1
  } finally {
    await pager?.stop()
  }
}

function announce({ scenario, scale, stage }: Lab, url: string, pager: Pager | undefined): void {
  const { name, description, lengthMs } = scenario
  const minutes = `${Math.round(lengthMs / 60_000)} min`
  print(bold(`elb-churn-exporter demo: ${name}`))
  print(description)
  print(
    `Played ${scale} times faster than it happens: ${minutes} take ${Math.round(lengthMs / scale / 1_000)} s. Ctrl-C ends it.`,
  )
  print('')
  print(`  metrics      ${bold(`${url}/metrics`)}`)
  print(`  status page  ${bold(`${url}/`)}`)
  // Debian's Prometheus comes without pages for people.
  if (pager !== undefined) {
    print(`  alerts       ${pager.prometheus}/api/v1/alerts, ${pager.alertmanager}/api/v2/alerts`)
  }
  print(`  resolvers    ${stage.dns.address} authoritative, ${stage.resolver.address} caching`)
  print('')
  print(header)
}

function summarise({ findings, lostSeconds, labLostSeconds }: Seen, { scale }: Lab): void {
  print('')
  print(bold('What was seen'))
  for (const line of findings) print(`  ${line}`)
  if (labLostSeconds > 0) {
    const real = plural(Math.round((labLostSeconds * scale) / 60), 'node-minute')
    print(
      `  node-seconds not ready: ${lostSeconds.toFixed(1)} on /metrics, ${labLostSeconds.toFixed(1)} in the lab; ${real} at real speed`,
    )
  }
  print('')
  print(bold('Point it at your own cluster'))
  print(theRealThing)
}

function print(line: string): void {
  process.stdout.write(`${line}\n`)
}

function toScale(text: string): number {
  const scale = Number(text)
  if (scale > 0 && scale <= 1_000) return scale
  throw new InvalidArgumentError('It is a number above 0, 1000 at most.')
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer()
  return await new Promise((resolve) => {
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
}
