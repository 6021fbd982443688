import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { stringify } from 'yaml'
import { findTool } from '../tools/find.ts'
import { onFreePort, startDaemon } from './daemon.ts'

export interface Target {
  /** Scraped at `/metrics` below it. */
  readonly url: string
  /** Put on each series beside `instance`; default job: elb-churn-exporter. */
  readonly labels?: Readonly<Record<string, string>>
  /** Default `scrapeMs` of the server. */
  readonly everyMs?: number
  /** More keys of its scrape config: scheme, tls_config, basic_auth. */
  readonly scrape?: object
}

export interface PrometheusOptions {
  readonly targets: readonly Target[]
  readonly scrapeMs: number
  /** Of rule groups that name no interval of their own; default `scrapeMs`. */
  readonly evaluationMs?: number
  /** Rule files, as text. */
  readonly rules?: readonly string[]
  /** URL of the Alertmanager that hears of alerts. */
  readonly alertmanager?: string
  readonly externalLabels?: Readonly<Record<string, string>>
}

export interface Sample {
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

/** A real Prometheus on loopback. */
export interface Prometheus {
  readonly url: string
  /** An instant vector, by default of now. Throws with the server's words where it refuses the query. */
  query(expression: string, atMs?: number): Promise<Sample[]>
  output(): string
  stop(): Promise<void>
}

const longestTimeoutMs = 10_000

/** It scrapes and evaluates on phases of its own making: from hashes of target, rule file and folder. */
export async function startPrometheus(options: PrometheusOptions): Promise<Prometheus> {
  const tool = await findTool('prometheus')
  const folder = await mkdtemp(join(tmpdir(), 'prometheus-'))
  const config = join(folder, 'prometheus.yaml')
  try {
    await mkdir(join(folder, 'rules'))
    for (const [index, text] of (options.rules ?? []).entries()) {
      await writeFile(join(folder, 'rules', `${index}.yaml`), text)
    }
    await writeFile(config, stringify(configOf(options, folder)))
    return await onFreePort(async (port) => {
      const url = `http://127.0.0.1:${port}`
      const daemon = await startDaemon({
        ...tool,
        args: [
          `--config.file=${config}`,
          `--storage.tsdb.path=${join(folder, 'data')}`,
          `--web.listen-address=127.0.0.1:${port}`,
          '--log.level=warn',
        ],
        ready: async () => (await fetch(`${url}/-/ready`, { signal: AbortSignal.timeout(2_000) })).ok,
      })
      return {
        url,
        query: (expression, atMs) => query(url, expression, atMs),
        output: () => daemon.output(),
        async stop() {
          await daemon.stop()
          await rm(folder, { recursive: true, force: true })
        },
      }
    })
  } catch (cause) {
    await rm(folder, { recursive: true, force: true })
    throw cause
  }
}

function configOf(options: PrometheusOptions, folder: string): object {
  const { scrapeMs, evaluationMs = scrapeMs, externalLabels = {}, alertmanager } = options
  const everyMs = (target: Target) => target.everyMs ?? scrapeMs
  const open = options.targets.filter(({ scrape }) => scrape === undefined)
  const groups = [
    ...[...Map.groupBy(open, everyMs)].map(([intervalMs, targets]) => ({ intervalMs, targets, scrape: {} })),
    ...options.targets.flatMap((target) => {
      return target.scrape === undefined
        ? []
        : { intervalMs: everyMs(target), targets: [target], scrape: target.scrape }
    }),
  ]
  const jobs = groups.map(({ intervalMs, targets, scrape }, index) => ({
    ...scrape,
    job_name: `${index}-every-${intervalMs}ms`,
    scrape_interval: `${intervalMs}ms`,
    scrape_timeout: `${Math.min(intervalMs, longestTimeoutMs)}ms`,
    static_configs: targets.map(({ url, labels }) => ({
      targets: [new URL(url).host],
      labels: { job: 'elb-churn-exporter', ...labels },
    })),
  }))
  const alertmanagers =
    alertmanager === undefined ? [] : [{ static_configs: [{ targets: [new URL(alertmanager).host] }] }]
  return {
    global: { evaluation_interval: `${evaluationMs}ms`, external_labels: externalLabels },
    rule_files: [join(folder, 'rules', '*.yaml')],
    scrape_configs: jobs,
    alerting: { alertmanagers },
  }
}

async function query(url: string, expression: string, atMs = Date.now()): Promise<Sample[]> {
  const response = await fetch(`${url}/api/v1/query`, {
    method: 'POST',
    body: new URLSearchParams({ query: expression, time: String(atMs / 1_000) }),
    signal: AbortSignal.timeout(10_000),
  })
  const answer: Answer = JSON.parse(await response.text())
  if (answer.data === undefined) throw new Error(`Prometheus refused ${expression}: ${answer.error}`)
  const { resultType, result } = answer.data
  if (resultType !== 'vector') throw new Error(`${expression} gives a ${resultType}, and no instant vector`)
  return result.map(({ metric, value: [, text] }) => ({ labels: metric, value: toNumber(text) }))
}

interface Answer {
  readonly error?: string
  readonly data?: {
    readonly resultType: string
    readonly result: readonly { readonly metric: Record<string, string>; readonly value: [number, string] }[]
  }
}

/** Prometheus writes +Inf and -Inf, JavaScript Infinity. */
function toNumber(text: string): number {
  return Number(text.replace('Inf', 'Infinity'))
}
