/** The nodes that are not ready, with their heartbeats, and the connections of the agent. */
import { type Html, html } from '../html.ts'
import type { Caps } from './caps.ts'
import type { ClusterModel, NotReadyNode } from './model.ts'
import { capped, duration, omission, percent, plural, since, sinceCell } from './words.ts'

export function nodesSection(cluster: ClusterModel, caps: Caps, nowMs: number): Html | undefined {
  const { nodes, heartbeats } = cluster
  if (nodes === undefined) return undefined
  const ages = new Map((heartbeats?.stale ?? []).map(({ node, ageSeconds }) => [node, ageSeconds]))
  const known = new Set(nodes.notReady.map(({ node }) => node))
  const early = (heartbeats?.stale ?? []).filter(({ node }) => !known.has(node))
  const rows: readonly Row[] = [...nodes.notReady, ...early.map(({ node }) => ({ node }))]
  const total = nodes.notReadyCount + early.length
  const { shown } = capped(rows, caps.nodes)
  const excluded = nodes.excluded.filter(([, count]) => count > 0).map(([why, count]) => `${count} ${why}`)
  return html`<section class="nodes"><h3>Nodes <span class="dim">${nodes.listed ? nodes.total : undefined}</span></h3>
<p>${lastKnown(cluster, nowMs)}${readyWords(nodes)}${excluded.length === 0 ? undefined : html` <span class="dim">Left out: ${excluded.join(', ')}.</span>`}</p>
${
  rows.length === 0
    ? undefined
    : html`<table class="rows"><thead><tr><th>Node</th><th>Ready</th><th>Since</th><th>Heartbeat</th></tr></thead>
<tbody>${shown.map((row) => nodeRow(row, ages.get(row.node), nowMs))}</tbody></table>`
}${omission(Math.max(0, total - shown.length), 'nodes that are not ready or late, the longest are shown')}</section>`
}

type Row = Pick<NotReadyNode, 'node'> & Partial<NotReadyNode>

/** What is not followed any more must not read as if it were so now. */
function lastKnown({ collectors, nodes }: ClusterModel, nowMs: number): Html | undefined {
  const own = collectors.find(({ name }) => name === 'nodes')
  if (own?.up !== 'failing' || nodes?.listed !== true) return undefined
  return html`<b class="word warn">Not known now.</b> As last seen at ${since(own.lastSuccessMs, nowMs)}: `
}

function readyWords({ listed, total, notReadyCount }: NonNullable<ClusterModel['nodes']>): string {
  if (!listed) return 'The list of nodes has not come yet.'
  if (total === 0) return 'There is no node that should be ready.'
  if (notReadyCount === 0) return `All ${plural(total, 'node')} ready.`
  return `${notReadyCount} of ${plural(total, 'node')} not ready (${percent(notReadyCount / total)}).`
}

function nodeRow({ node, ready, reason, sinceMs }: Row, ageSeconds: number | undefined, nowMs: number): Html {
  return html`<tr data-key="${node}"><td>${node}</td><td>${
    ready === undefined
      ? html`<b class="word pending">still ready</b>`
      : html`<b class="word bad">${ready}</b> <span class="dim">${reason}</span>`
  }</td><td>${ready === undefined ? '–' : sinceCell(sinceMs, nowMs)}</td><td>${
    ageSeconds === undefined ? '–' : html`<b class="word retired">late</b> ${duration(ageSeconds * 1_000)}`
  }</td></tr>`
}

export function connectionsSection({ connections }: ClusterModel, caps: Caps): Html | undefined {
  const open = connections.flatMap(({ hostname, addresses }) => addresses.map((each) => ({ hostname, ...each })))
  if (connections.length === 0) return undefined
  const worstFirst = open
    .filter((each) => each.open > 0 || each.state === 'retired')
    .sort(
      (left, right) =>
        right.stalled - left.stalled || Number(right.state === 'retired') - Number(left.state === 'retired'),
    )
  const { shown, omitted } = capped(worstFirst, caps.connections)
  return html`<section class="connections"><h3>Connections of this machine <span class="dim">${open.reduce((sum, each) => sum + each.open, 0)}</span></h3>
${
  shown.length === 0
    ? html`<p class="dim">None to an address in sight.</p>`
    : html`<table class="rows"><thead><tr><th>Address</th><th>State</th><th>Open</th><th>Stalled</th></tr></thead>
<tbody>${shown.map(
        ({ hostname, address, state, open: count, stalled }) =>
          html`<tr class="${state}" data-key="${hostname} ${address}"><td><code>${address}</code> <span class="dim">${hostname}</span></td>
<td><b class="word ${state}">${state}</b></td><td>${count}</td><td>${stalled > 0 ? html`<b class="word bad">${stalled}</b>` : html`0`}</td></tr>`,
      )}</tbody></table>`
}${omission(omitted, 'addresses')}</section>`
}
