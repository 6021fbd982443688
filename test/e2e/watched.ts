/** A lab with an exporter on it, agents on its machines, and a Prometheus that scrapes them and evaluates the alert rules. */
import { parseSettings } from '../../alerts/config.ts'
import { renderRules } from '../../alerts/render.ts'
import { Lab, type LabOptions } from '../lab/lab.ts'
import { type Prometheus, startPrometheus } from '../lab/prometheus.ts'
import { Exporter, type ExporterOptions } from './exporter.ts'

export const scrapeMs = 1_000
const limitMs = 60_000

export interface Watched {
  readonly lab: Lab
  readonly exporter: Exporter
  /** One for each node of `lab.agents`. */
  readonly agents: readonly Exporter[]
}

/** Closed in the reverse of the order in which they came. */
export type Closing = (() => Promise<unknown>)[]

export async function startWatched(options: LabOptions, closing: Closing): Promise<Watched> {
  const lab = await Lab.start(options)
  closing.push(() => lab.close())
  const flags = [`--storage.path=${lab.folder}`]
  const [exporter, agents] = await Promise.all([
    startReady({ config: lab.config(), env: lab.env, flags }, closing),
    Promise.all(lab.agents.map((node) => startReady({ config: lab.agentConfig(node) }, closing))),
  ])
  return { lab, exporter, agents }
}

async function startReady(options: ExporterOptions, closing: Closing): Promise<Exporter> {
  const starting = Exporter.start(options)
  // At once: another one may fail while this one starts.
  closing.push(() =>
    starting.then(
      (exporter) => exporter.stop(),
      () => undefined,
    ),
  )
  const exporter = await starting
  await exporter.ready()
  return exporter
}

const hurried: readonly string[] = ['evaluation_interval=1s', 'since_step=1s', 'keep_firing_for=2s']

/** The shipped rules, with other settings. Resolves once they see the exporter. */
export async function watch(urls: readonly string[], closing: Closing, settings = hurried): Promise<Prometheus> {
  const rules = [renderRules(parseSettings(settings), 'prometheus')]
  const prometheus = await startPrometheus({ targets: urls.map((url) => ({ url })), scrapeMs, rules })
  closing.push(() => prometheus.stop())
  const loaded = async () => (await prometheus.query('ALERTS{alertname="ElbChurnWatchdog"}')).length > 0
  for (const deadline = Date.now() + limitMs; !(await loaded()); ) {
    if (Date.now() > deadline) throw new Error(`the rules see no exporter: ${prometheus.output()}`)
    await new Promise((resolve) => setTimeout(resolve, 200))
  }
  return prometheus
}
