/** The last changes in words, newest first. */
import type { ChangeEvent } from '../../service/changes.ts'
import { type Html, html } from '../html.ts'
import type { Caps } from './caps.ts'
import { timeMs } from './fields.ts'
import type { ClusterModel } from './model.ts'
import { mark, shapeOf } from './timeline.ts'
import { capped, cut, omission, since } from './words.ts'

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
  const { kind, subject, message, added, removed, time } = change
  return html`<li data-key="${time} ${subject}">${mark(shapeOf(change))}<div>${since(timeMs(time), nowMs)}
<p>${kind === 'dns_answer' ? html`<b>${cut(subject, 160)}</b>: ` : undefined}${cut(message)}${kind === 'load_balancer' ? undefined : members(kind, added, removed)}</p></div></li>`
}

/** Of nodes the names, of records what came and what left; the message of a load balancer names its addresses itself. */
function members(kind: ChangeEvent['kind'], added: readonly string[], removed: readonly string[]): Html | undefined {
  if (kind === 'elb_addresses') return undefined
  const nodes = kind === 'node_readiness'
  const parts = [named(nodes ? 'not ready' : 'came', added), named(nodes ? 'ready' : 'left', removed)]
  const told = parts.filter((part) => part !== '').join('; ')
  return told === '' ? undefined : html` <span class="dim">${told}</span>`
}

function named(word: string, members: readonly string[]): string {
  if (members.length === 0) return ''
  const { shown, omitted } = capped(members, namesShown)
  return `${word}: ${shown.map((member) => cut(member, 60)).join(', ')}${omitted > 0 ? ` and ${omitted} more` : ''}`
}
