/** The last changes in words, newest first. */
import type { ChangeEvent } from '../../service/changes.ts'
import { type Html, html } from '../html.ts'
import type { Caps } from './caps.ts'
import { timeMs } from './fields.ts'
import type { ClusterModel } from './model.ts'
import { mark, shapeOf } from './timeline.ts'
import { capped, cut, duration, omission, timeTag } from './words.ts'

const namesShown = 6

export function changesSection({ changes }: ClusterModel, caps: Caps, nowMs: number): Html {
  const { shown, omitted } = capped(changes, caps.changes)
  return html`<section class="changes"><h3>Last changes <span class="dim">${changes.length}</span></h3>
${
  changes.length === 0
    ? html`<p class="dim">None since the start. What is seen first is no change.</p>`
    : html`<ol class="plain">${shown.map((change) => changeItem(change, nowMs))}</ol>`
}${omission(omitted, 'older changes')}</section>`
}

function changeItem(change: ChangeEvent, nowMs: number): Html {
  const { time, subject } = change
  const atMs = timeMs(time)
  const when =
    atMs === undefined
      ? undefined
      : html`${timeTag(atMs, nowMs)} <span class="dim small">${duration(nowMs - atMs)} ago</span>`
  return html`<li data-key="${time} ${subject}">${mark(shapeOf(change))}<div class="when">${when}</div><p>${words(change)}</p></li>`
}

function words({ kind, subject, message, added, removed }: ChangeEvent): Html {
  if (kind === 'dns_answer')
    return html`<b>${cut(subject, 160)}</b> ${moved(removed, 'lost')}${
      added.length > 0 && removed.length > 0 ? ' and ' : undefined
    }${moved(added, 'got')}`
  if (kind !== 'node_readiness') return html`${cut(message)}`
  const nodes = [...added, ...removed]
  return html`${cut(message)} <span class="dim">${names(nodes)}</span>`
}

function moved(records: readonly string[], verb: string): Html | undefined {
  return records.length === 0 ? undefined : html`${verb} <code>${names(records)}</code>`
}

function names(members: readonly string[]): string {
  const { shown, omitted } = capped(members, namesShown)
  return `${shown.map((member) => cut(member, 60)).join(', ')}${omitted > 0 ? ` and ${omitted} more` : ''}`
}
