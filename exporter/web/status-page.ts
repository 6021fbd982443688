/** The page for people: what is the matter, what fails, what is watched, what changed last. Works without JavaScript. */
import type { Service } from '../service/service.ts'
import { type Html, html } from './html.ts'
import type { Assets } from './page/assets.ts'
import { capsFor, clusterLines, clustersWhole } from './page/caps.ts'
import { clusterLine, clusterSection } from './page/cluster.ts'
import { problemsSection } from './page/problems.ts'
import { readClusters } from './page/read.ts'
import { shell } from './page/shell.ts'
import { type Judged, type Level, worstFirst } from './page/verdict.ts'
import { capped, duration, omission, plural, timeTag } from './page/words.ts'

/** Of a browser without JavaScript; with it the page asks every 5 s. */
const refreshSeconds = 15

export interface StatusPageDeps {
  readonly version: string
  readonly startedAtMs: number
  readonly service: Pick<Service, 'status' | 'history' | 'ratios' | 'ready' | 'now'>
}

export function statusPage({ version, startedAtMs, service }: StatusPageDeps, assets: Assets): string {
  const nowMs = service.now()
  const read = readClusters(service)
  const clusters = worstFirst(read, nowMs)
  const { shown: whole } = capped(clusters, clustersWhole)
  const caps = capsFor(clusters.length)
  return shell({
    title: title(clusters),
    version,
    assets,
    root: '',
    refreshSeconds,
    header: header(service.ready(), startedAtMs, nowMs),
    main: html`<h1 class="hidden">What is watched, and what happened</h1>
${problemsSection(read, nowMs)}
${clusters.length === 0 ? nothing() : whole.map((cluster) => clusterSection(cluster, caps, startedAtMs, nowMs))}
${otherClusters(clusters.slice(clustersWhole))}`,
  })
}

function header(
  { ready, waiting }: { readonly ready: boolean; readonly waiting: readonly string[] },
  startedAtMs: number,
  nowMs: number,
): Html {
  const { shown, omitted } = capped(waiting, 3)
  const more = omitted === 0 ? '' : ` and ${omitted} more`
  const words = ready
    ? 'Ready.'
    : waiting.length === 0
      ? 'Not ready.'
      : `Waiting for the first run of ${shown.join(', ')}${more}.`
  return html`<div id="state">${words} As of <b>${timeTag(nowMs, nowMs)}</b> UTC, up ${duration(nowMs - startedAtMs)}</div>
<div class="control"><span id="live" role="status"></span><button id="pause" type="button" hidden>Pause</button></div>`
}

function nothing(): Html {
  return html`<section class="cluster"><header><h2>Nothing is watched yet</h2></header>
<p>The config is being read, or has no cluster with anything to watch. See <a href="config">the config in force</a>.</p></section>`
}

function otherClusters(others: readonly Judged[]): Html | undefined {
  if (others.length === 0) return undefined
  const { shown, omitted } = capped(others, clusterLines)
  return html`<section class="cluster"><header><h2>${plural(others.length, 'more cluster')}</h2> <p class="dim">all calmer than those above</p></header>
<ul class="plain lines">${shown.map((cluster) => clusterLine(cluster))}</ul>${omission(omitted, 'clusters')}</section>`
}

/** What a tab tells among twenty others. */
function title(clusters: readonly Judged[]): string {
  const levels: readonly Level[] = ['bad', 'warn']
  const [first] = clusters.filter(({ verdict }) => levels.includes(verdict.level))
  if (first === undefined) return 'elb-churn-exporter'
  return `${first.verdict.word}: ${first.cluster.name} – elb-churn-exporter`
}
