/** The debug view of one collector for people. */
import { fields } from '../../core/json.ts'
import type { RunRecord, TaskTrace, TimedExchange } from '../../service/run-trace.ts'
import type { WebDeps } from '../deps.ts'
import { type Html, html } from '../html.ts'
import type { Assets } from '../page/assets.ts'
import { timeMs } from '../page/fields.ts'
import { shell } from '../page/shell.ts'
import { omission, since, timeTag } from '../page/words.ts'

export interface DebugOptions {
  readonly deps: Pick<WebDeps, 'service' | 'version'>
  readonly assets: Assets
  readonly cluster: string
  readonly collector: string
  /** undefined: there is no such collector. */
  readonly tasks: readonly TaskTrace[] | undefined
}

export function debugPage({ deps, assets, cluster, collector, tasks }: DebugOptions): string {
  const nowMs = deps.service.now()
  const title = tasks === undefined ? 'No such collector' : `${collector} in ${cluster}`
  return shell({
    title: `${title} – elb-churn-exporter`,
    version: deps.version,
    assets,
    root: '../',
    header: html`<div id="state">As of <b>${timeTag(nowMs, nowMs)}</b> UTC</div>`,
    main:
      tasks === undefined
        ? unknown(deps)
        : html`<p class="back"><a href="../">← Status</a></p><section class="cluster"><header><h1>The last polls of ${title}</h1>
<p class="dim">What was asked, what came, what was decided. This page asks nothing of anybody. <a href="?${new URLSearchParams({ cluster, collector, format: 'json' }).toString()}">As JSON</a></p></header>
${tasks.map((task) => taskPart(task, nowMs))}</section>`,
  })
}

function unknown({ service }: DebugOptions['deps']): Html {
  const known = service
    .status()
    .flatMap(({ name, collectors }) => Object.keys(fields(collectors)).map((own) => [name, own] as const))
  const links = known.slice(0, 200).map(([cluster, collector]) => {
    const query = new URLSearchParams({ cluster, collector })
    return html`<li><a href="?${query.toString()}">${collector} in ${cluster}</a></li>`
  })
  return html`<section class="cluster"><header><h1>There is no such collector</h1></header><p>These there are:</p><ul>${links}</ul></section>`
}

function taskPart({ task, kind, last, last_failed }: TaskTrace, nowMs: number): Html {
  const same = last !== null && last_failed !== null && kind === 'scheduled' && last.started === last_failed.started
  return html`<section class="task"><h2>${task}</h2>
${last === null ? html`<p>No run has ended yet.</p>` : run(kind === 'stream' ? 'Since the start, the latest below' : 'The last run', last, nowMs, true)}
${last_failed === null ? html`<p class="dim">No run has failed since the start.</p>` : same ? html`<p class="dim">It is the last that failed, too.</p>` : run('The last that failed', last_failed, nowMs, false)}</section>`
}

function run(
  title: string,
  { started, milliseconds, failures, failures_omitted, exchanges, exchanges_omitted }: RunRecord,
  nowMs: number,
  open: boolean,
): Html {
  const took = milliseconds === null ? '' : `, took ${milliseconds} ms`
  const failed = failures.length + failures_omitted
  return html`<details class="box run"${open ? html` open` : undefined}><summary><b>${title}</b>: began ${since(timeMs(started), nowMs)}${took}, ${
    failed === 0 ? 'no failure' : html`<b class="word bad">${failed} failed</b>`
  }</summary>
${failures.map(({ reason, message }) => html`<p class="failure"><b>${reason}</b> ${message}</p>`)}${omission(failures_omitted, 'failures')}
${exchanges.length === 0 ? html`<p class="dim">Nothing was asked, or nothing has come yet.</p>` : exchanges.map((each) => exchange(each, nowMs))}
${omission(exchanges_omitted, 'exchanges; of a large run the first 100 good and 100 failed ones are kept, of a watch the last')}</details>`
}

function exchange({ at, failed, asked, came, decided }: TimedExchange, nowMs: number): Html {
  const atMs = timeMs(at)
  return html`<div class="exchange${failed ? ' failed' : ''}"><dl><dt>Asked</dt><dd>${asked} ${
    failed ? html`<b class="word bad">failed</b>` : undefined
  } ${atMs === undefined ? undefined : html`<span class="dim">${timeTag(atMs, nowMs)}</span>`}</dd>
<dt>Came</dt><dd>${came.length === 0 ? html`<span class="dim">nothing</span>` : came.map((line) => html`<code>${line}</code>`)}</dd>
<dt>Decided</dt><dd>${decided}</dd></dl></div>`
}
