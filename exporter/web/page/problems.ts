/** What fails, above everything else: since when, why, and what to do. */
import { type Html, html } from '../html.ts'
import { adviceFor } from './advice.ts'
import { problemsShown } from './caps.ts'
import { debugLink } from './links.ts'
import type { ClusterModel, CollectorModel } from './model.ts'
import { capped, cut, omission, plural, since } from './words.ts'

const messagesShown = 3

export function problemsSection(clusters: readonly ClusterModel[], nowMs: number): Html {
  const failing = clusters.flatMap(({ name, collectors }) =>
    collectors.filter(({ up }) => up === 'failing').map((collector) => ({ cluster: name, collector })),
  )
  if (failing.length === 0) return html`<section id="problems" hidden></section>`
  const oldestFirst = failing.sort(
    (left, right) => (left.collector.failingSinceMs ?? nowMs) - (right.collector.failingSinceMs ?? nowMs),
  )
  const { shown, omitted } = capped(oldestFirst, problemsShown)
  return html`<section id="problems" aria-labelledby="problems-title">
<h2 id="problems-title">${plural(failing.length, 'collector')} failing</h2>
<p class="dim">A failed poll is not a change: values stay for 2 minutes (or 3 missed schedules) and are withdrawn then.</p>
${shown.map(({ cluster, collector }) => problem(cluster, collector, nowMs))}
${omission(omitted, 'failing collectors')}</section>`
}

function problem(
  cluster: string,
  { name, failures, failuresOmitted, failingSinceMs, lastSuccessMs }: CollectorModel,
  nowMs: number,
): Html {
  const { shown, omitted } = capped(failures, messagesShown)
  const advice = new Set(shown.flatMap(({ reason }) => adviceFor(name, reason) ?? []))
  return html`<article class="problem" data-key="${cluster} ${name}">
<h3>${name} <span class="dim">in ${cluster}</span></h3>
<p>Failing since ${since(failingSinceMs, nowMs)}, last success ${
    lastSuccessMs === undefined ? 'never' : since(lastSuccessMs, nowMs)
  }. ${debugLink(cluster, name, 'What was asked and what came')}</p>
<ul class="plain">${shown.map(({ reason, message }) => html`<li><b class="word bad">${reason}</b> ${cut(message)}</li>`)}</ul>
${omission(omitted + failuresOmitted, 'failures')}
${[...advice].map((words) => html`<p class="advice"><b>What to do:</b> ${words}</p>`)}
</article>`
}
