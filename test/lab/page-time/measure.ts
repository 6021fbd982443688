/**
 * How long from an address that dies until somebody is paged, at real speed and with the settings that ship. All runs
 * take place at once: a cluster with an exporter each, before one Prometheus and one Alertmanager for each kind of
 * watching. Each story begins at a random moment between two evaluations, and in each the address dies at a random moment
 * between two renewals and two looks of the node controller. Each exporter is scraped on a phase of its own. The clusters
 * share nothing else that waits: Alertmanager groups by cluster.
 */
import { Exporter } from '../../e2e/exporter.ts'
import { type AlertChain, type AlertChainOptions, pagesOf, startAlertChain } from '../alert-chain.ts'
import { Lab, type LabEvent, shippedScenario } from '../lab.ts'
import type { Target } from '../prometheus.ts'
import { loadScenario } from '../story/scenario.ts'
import { KubeletFleet } from './fleet.ts'
import { scenarioOf } from './runs.ts'

export interface MeasureOptions {
  readonly runs: number
  readonly scrapeMs: number
  readonly evaluationMs: number
  /** With real kubelets, and a node agent on each of their machines. */
  readonly agents: boolean
  readonly signal: AbortSignal
}

/** What tells of stranded kubelets; each takes in those before it. */
export type Watching = 'conditions' | 'heartbeats' | 'agents'

/** Seconds. */
export interface Run {
  readonly fromDeath: number
  /** From the first NotReady node; negative where the page came before. */
  readonly fromNotReady: number
  /** The part from Prometheus' evaluation to the pager: Alertmanager's group_wait, for the most part. */
  readonly fromAlert: number
  readonly title: string
}

export type Found = ReadonlyMap<Watching, readonly Run[]>

/** From the death on; whoever was not paged by then never is. */
const limitMs = 240_000
/** Prometheus finds its targets after 5 s, and scrapes each within an interval. */
const targetsMs = 15_000
const everyMs = 100
/** Without heartbeats: no share of stale ones is ever large enough but all. */
const conditionsAlone = ['stranded_stale_ratio=1']

export interface Cluster {
  readonly lab: Lab
  readonly exporter: Exporter
  /** On a clock of this machine, ms: the stories begin on it, or a multiple of 10 s later. */
  readonly gridMs: number
  diedMs?: number
  notReadyMs?: number
}

/** Rejects where a run was not paged. An abort ends it with an empty map. */
export async function measure(options: MeasureOptions): Promise<Found> {
  const { runs, agents, signal } = options
  const clusters: Cluster[] = []
  const chains = new Map<Watching, AlertChain>()
  let fleet: KubeletFleet | undefined
  try {
    const scenario = await loadScenario(shippedScenario('outage'))
    for (let index = 1; index <= runs && !signal.aborted; index++) {
      const lab = await Lab.start({ scenario: scenarioOf(scenario, index), scale: 1 })
      clusters.push(await watched(lab))
    }
    if (agents && !signal.aborted) fleet = await KubeletFleet.start(clusters, signal)
    await Promise.all([...clusters.map(({ exporter }) => exporter), ...(fleet?.agents ?? [])].map((own) => own.ready()))
    await startChains(clusters, fleet, options, chains)
    return await play(clusters, chains, options)
  } finally {
    await Promise.all([...chains.values()].map((chain) => chain.stop()))
    await fleet?.close()
    await Promise.all(clusters.map(stopCluster))
  }
}

async function watched(lab: Lab): Promise<Cluster> {
  try {
    const exporter = await Exporter.start({ config: lab.config({ schedules: {} }), env: lab.env, folder: lab.folder })
    const cluster: Cluster = { lab, exporter, gridMs: Date.now() + Math.random() * gridStepMs }
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

/** Into `chains`, so that those that stand are stopped where another one fails. */
async function startChains(
  clusters: readonly Cluster[],
  fleet: KubeletFleet | undefined,
  { scrapeMs, evaluationMs, signal }: MeasureOptions,
  chains: Map<Watching, AlertChain>,
): Promise<void> {
  const exporters: Target[] = clusters.map(({ exporter }) => ({ url: exporter.url }))
  const start = async (watching: Watching, targets: Target[], more: Partial<AlertChainOptions> = {}) => {
    const chain = await startAlertChain({ targets, scrapeMs, evaluationMs, ...more })
    chains.set(watching, chain)
  }
  await start('conditions', exporters, { set: conditionsAlone })
  await start('heartbeats', exporters)
  if (fleet !== undefined) await start('agents', [...exporters, ...fleet.agents.map(({ url }) => ({ url }))])
  for (const [watching, { prometheus }] of chains) {
    const count = clusters.length + (watching === 'agents' ? (fleet?.agents.length ?? 0) : 0)
    const up = async () => (await prometheus.query('up == 1')).length === count
    await until('all targets are scraped', up, scrapeMs + targetsMs, signal)
  }
}

/** The time between two renewals of one kubelet. */
const gridStepMs = 10_000
/** Steps over which stories begin, so that they fall anywhere between two evaluations. */
const beginsWithin = 3

async function play(
  clusters: readonly Cluster[],
  chains: ReadonlyMap<Watching, AlertChain>,
  { signal }: MeasureOptions,
): Promise<Found> {
  const nowMs = Date.now()
  for (const { lab, gridMs } of clusters) {
    const steps = Math.ceil((nowMs - gridMs) / gridStepMs) + Math.floor(Math.random() * beginsWithin)
    setTimeout(
      () => {
        if (!signal.aborted) void lab.play(signal)
      },
      gridMs + steps * gridStepMs - nowMs,
    )
  }
  const lastDeathMs = Math.max(...clusters.map(({ lab }) => lab.scenario.timeline.at(-1)?.atMs ?? 0))
  const found = new Map([...chains.keys()].map((watching) => [watching, new Map<Cluster, Run>()]))
  const complete = async () => {
    for (const [watching, chain] of chains) {
      const runs = found.get(watching)
      for (const cluster of clusters) {
        const run = runs?.has(cluster) === false ? await runOf(cluster, chain) : undefined
        if (run !== undefined) runs?.set(cluster, run)
      }
    }
    return [...found.values()].every(({ size }) => size === clusters.length)
  }
  await until('all runs are paged', complete, beginsWithin * gridStepMs + lastDeathMs + limitMs, signal)
  return new Map([...found].map(([watching, runs]) => [watching, [...runs.values()]]))
}

/** Undefined until the cluster was paged for and has its first NotReady node. */
async function runOf({ lab, diedMs, notReadyMs }: Cluster, chain: AlertChain): Promise<Run | undefined> {
  const { cluster } = lab.scenario.defaults
  const page = pagesOf(chain.receivers.notifications).find((each) => each.cluster === cluster)
  if (page === undefined || diedMs === undefined || notReadyMs === undefined) return undefined
  const labels = `alertname=~"KubeletsStranded.*|ConnectionsStalled.*", severity="critical", cluster="${cluster}"`
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
