/** A lab with an exporter on it and a Prometheus that scrapes it and evaluates the alert rules. */
import { parseSettings } from '../../alerts/config.ts'
import { renderRules } from '../../alerts/render.ts'
import { Lab, type LabOptions } from '../lab/lab.ts'
import { type Prometheus, startPrometheus } from '../lab/prometheus.ts'
import { Exporter } from './exporter.ts'

export const scrapeMs = 1_000
const limitMs = 20_000

export interface Watched {
  readonly lab: Lab
  readonly exporter: Exporter
}

/** Closed in the reverse of the order in which they came. */
export type Closing = (() => Promise<unknown>)[]

export async function startWatched(options: LabOptions, closing: Closing): Promise<Watched> {
  const lab = await Lab.start(options)
  closing.push(() => lab.close())
  const flags = [`--storage.path=${lab.folder}`]
  const exporter = await Exporter.start({ config: lab.config(), env: lab.env, flags })
  closing.push(() => exporter.stop())
  await exporter.ready()
  return { lab, exporter }
}

const hurried: readonly string[] = ['evaluation_interval=1s', 'keep_firing_for=2s']

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
