/**
 * How long from an address that dies until somebody is paged, at real speed and with the settings that ship. All runs
 * take place at once: a cluster with an exporter each, before one Prometheus and one Alertmanager. Each story begins at a
 * random moment between two evaluations, and in each the address dies at a random moment between two renewals and two
 * looks of the node controller. Each exporter is scraped on a phase of its own. The clusters share nothing else that
 * waits: Alertmanager groups by cluster.
 */
import { Exporter } from '../../e2e/exporter.ts'
import { type AlertChain, pagesOf, startAlertChain } from '../alert-chain.ts'
import { Lab, type LabEvent, shippedScenario } from '../lab.ts'
import { loadScenario, type Scenario } from '../story/scenario.ts'

export interface MeasureOptions {
  readonly runs: number
  readonly scrapeMs: number
  readonly evaluationMs: number
  /** False: no heartbeat ever counts as stale, and only node conditions tell of stranded kubelets. */
  readonly heartbeats: boolean
  readonly signal: AbortSignal
}

/** Seconds. */
export interface Run {
  readonly fromDeath: number
  /** From the first NotReady node; negative where the page came before. */
  readonly fromNotReady: number
  /** The part of Prometheus' evaluation to the pager: Alertmanager's group_wait, for the most part. */
  readonly fromAlert: number
  readonly title: string
}

/** Renewals are 10 s apart, looks of the node controller 5 s. */
const deathPhaseMs = 10_000
/** From the death on; whoever was not paged by then never is. */
const limitMs = 240_000
/** Prometheus finds its targets after 5 s, and scrapes each within an interval. */
const targetsMs = 15_000
const everyMs = 100

interface Cluster {
  readonly lab: Lab
  readonly exporter: Exporter
  diedMs?: number
  notReadyMs?: number
}

/** Rejects where a run was not paged. An abort ends it with an empty list. */
export async function measure(options: MeasureOptions): Promise<Run[]> {
  const { runs, scrapeMs, evaluationMs, signal } = options
  const clusters: Cluster[] = []
  let chain: AlertChain | undefined
  try {
    const scenario = await loadScenario(shippedScenario('outage'))
    for (let index = 1; index <= runs && !signal.aborted; index++) {
      clusters.push(await startCluster(scenario, `run-${index}`, options))
    }
    await Promise.all(clusters.map(({ exporter }) => exporter.ready()))
    const targets = clusters.map(({ exporter }) => ({ url: exporter.url }))
    chain = await startAlertChain({ targets, scrapeMs, evaluationMs })
    const { prometheus } = chain
    const up = async () => (await prometheus.query('up == 1')).length === runs
    await until('all exporters are scraped', up, scrapeMs + targetsMs, signal)
    return await play(clusters, chain, options)
  } finally {
    await chain?.stop()
    await Promise.all(clusters.map(stopCluster))
  }
}

async function startCluster(shipped: Scenario, name: string, { heartbeats }: MeasureOptions): Promise<Cluster> {
  const shiftMs = Math.random() * deathPhaseMs
  const scenario: Scenario = {
    ...shipped,
    defaults: { ...shipped.defaults, cluster: name },
    timeline: shipped.timeline.map(({ atMs, action }) => ({ atMs: atMs + shiftMs, action })),
  }
  const lab = await Lab.start({ scenario, scale: 1 })
  try {
    const config = lab.config({ schedules: {} }, heartbeats ? {} : { heartbeat_stale_after: '1h' })
    const cluster: Cluster = { lab, exporter: await Exporter.start({ config, env: lab.env, folder: lab.folder }) }
    lab.on((event) => note(cluster, event))
    return cluster
  } catch (error) {
    await lab.close()
    throw error
  }
}

function note(cluster: Cluster, event: LabEvent): void {
  if (event.kind === 'address' && event.change === 'dies') cluster.diedMs = event.wallMs
  if (event.kind === 'ready' && event.ready !== 'True') cluster.notReadyMs ??= event.wallMs
}

async function stopCluster({ lab, exporter }: Cluster): Promise<void> {
  await exporter.stop()
  await lab.close()
}

async function play(clusters: readonly Cluster[], chain: AlertChain, options: MeasureOptions): Promise<Run[]> {
  const { scrapeMs, evaluationMs, signal } = options
  const phaseMs = Math.max(scrapeMs, evaluationMs)
  for (const { lab } of clusters) {
    setTimeout(() => {
      if (!signal.aborted) void lab.play(signal)
    }, Math.random() * phaseMs)
  }
  const found = clusters.map(() => undefined as Run | undefined)
  const lastDeathMs = Math.max(...clusters.map(({ lab }) => lab.scenario.timeline.at(-1)?.atMs ?? 0))
  const complete = async () => {
    for (const [index, cluster] of clusters.entries()) found[index] ??= await runOf(cluster, chain)
    return found.every((run) => run !== undefined)
  }
  await until('all runs are paged', complete, phaseMs + lastDeathMs + limitMs, signal)
  return found.filter((run) => run !== undefined)
}

/** Undefined until the cluster was paged for and has its first NotReady node. */
async function runOf({ lab, diedMs, notReadyMs }: Cluster, chain: AlertChain): Promise<Run | undefined> {
  const { cluster } = lab.scenario.defaults
  const page = pagesOf(chain.receivers.notifications).find((each) => each.cluster === cluster)
  if (page === undefined || diedMs === undefined || notReadyMs === undefined) return undefined
  const labels = `alertname=~"KubeletsStranded.*", severity="critical", cluster="${cluster}"`
  const firing = `timestamp(ALERTS{${labels}, alertstate="firing"})`
  const [alert] = await chain.prometheus.query(`min by (cluster) (min_over_time(${firing}[5m:1s]))`)
  if (alert === undefined) throw new Error(`${cluster} was paged for something else: ${page.title}`)
  const seconds = (fromMs: number) => (page.atMs - fromMs) / 1_000
  return {
    fromDeath: seconds(diedMs),
    fromNotReady: seconds(notReadyMs),
    fromAlert: seconds(alert.value * 1_000),
    title: page.title,
  }
}

/** An abort ends it as well. A question that failed, on a machine that is busy, is asked again. */
async function until(what: string, holds: () => Promise<boolean>, withinMs: number, signal: AbortSignal) {
  const deadline = Date.now() + withinMs
  let cause: unknown
  while (!signal.aborted) {
    try {
      if (await holds()) return
    } catch (error) {
      cause = error
    }
    if (Date.now() > deadline) throw new Error(`not within ${Math.round(withinMs / 1_000)} s: ${what}`, { cause })
    await new Promise((resolve) => setTimeout(resolve, everyMs))
  }
}
