/** One cluster: what is the matter, how fresh that is, and what it is made of. */
import { type Html, html } from '../html.ts'
import { addressesSection } from './addresses.ts'
import { answersSection } from './answers.ts'
import type { Caps } from './caps.ts'
import { changesSection } from './changes.ts'
import { debugLink } from './links.ts'
import type { CollectorModel } from './model.ts'
import { connectionsSection, nodesSection } from './nodes.ts'
import { timeline } from './timeline.ts'
import type { Judged } from './verdict.ts'
import { duration } from './words.ts'

export function clusterSection({ cluster, verdict }: Judged, caps: Caps, startedMs: number, nowMs: number): Html {
  const { level, word, sentence } = verdict
  return html`<section class="cluster" data-key="cluster ${cluster.name}">
<header class="${level}"><h2>${cluster.name}</h2> <p><b class="pill ${level}">${word}</b> ${sentence}.</p></header>
<ul class="fresh" aria-label="How fresh">${cluster.collectors.map((collector) => freshness(cluster.name, collector, nowMs))}</ul>
${timeline(cluster, nowMs)}
<div class="columns"><div>${addressesSection(cluster, caps, startedMs, nowMs)}
${answersSection(cluster, caps, nowMs)}
${changesSection(cluster, caps, nowMs)}</div>
<div>${nodesSection(cluster, caps, nowMs)}
${connectionsSection(cluster, caps)}</div></div></section>`
}

function freshness(cluster: string, { name, up, lastSuccessMs }: CollectorModel, nowMs: number): Html {
  const age = lastSuccessMs === undefined ? 'no success yet' : `${duration(nowMs - lastSuccessMs)} ago`
  const word =
    up === 'up' ? html`<span>up</span>` : html`<b class="word ${up === 'failing' ? 'bad' : 'pending'}">${up}</b>`
  return html`<li data-key="${name}" class="${up}">${debugLink(cluster, name, name)} ${word} <span class="dim">${age}</span></li>`
}

/** One line each for clusters beyond those shown whole, which are worse. */
export function clusterLine({ cluster, verdict: { level, word, sentence } }: Judged): Html {
  return html`<li data-key="cluster ${cluster.name}"><b>${cluster.name}</b> <b class="pill ${level}">${word}</b> ${sentence}</li>`
}
