/** The addresses of each load balancer, those that left first. */
import { type Html, html } from '../html.ts'
import type { Caps } from './caps.ts'
import type { AddressModel, AddressState, ClusterModel, LoadBalancerModel, ReachModel } from './model.ts'
import { capped, cut, omission, since, sinceCell, timeTag } from './words.ts'

const stateWords: Readonly<Record<AddressState, string>> = {
  active: 'in DNS',
  pending: 'not in DNS yet',
  retired: 'left DNS',
  dead: 'interface deleted',
}
/** So many are all shown open. */
const fewLoadBalancers = 3

export function addressesSection(
  { loadBalancers, reach }: ClusterModel,
  caps: Caps,
  startedMs: number,
  nowMs: number,
): Html | undefined {
  if (loadBalancers.length === 0) return undefined
  const worstFirst = [...loadBalancers].sort((left, right) => unrest(right) - unrest(left))
  const { shown, omitted } = capped(worstFirst, caps.loadBalancers)
  const unreachable = new Map(reach.filter((each) => !each.reachable).map((each) => [each.address, each]))
  const view = { caps, startedMs, nowMs, unreachable }
  return html`<section class="addresses"><h3>Load balancers <span class="dim">${loadBalancers.length}</span></h3>
${shown.map((own) => loadBalancer(own, view, loadBalancers.length <= fewLoadBalancers || unrest(own) > 0))}
${omission(omitted, 'load balancers, all calmer than these')}</section>`
}

interface AddressView {
  readonly caps: Caps
  readonly startedMs: number
  readonly nowMs: number
  readonly unreachable: ReadonlyMap<string, ReachModel>
}

function unrest({ addresses, failures }: LoadBalancerModel): number {
  const newestMs = Math.max(0, ...addresses.filter(({ state }) => state !== 'active').map(({ sinceMs = 1 }) => sinceMs))
  return failures.length > 0 ? Math.max(newestMs, 2) : newestMs
}

function loadBalancer(own: LoadBalancerModel, view: AddressView, open: boolean): Html {
  const { name, facts, dnsName, askedMs, failures, addresses } = own
  const { shown, omitted } = capped(addresses, unrest(own) > 0 ? view.caps.addresses : view.caps.calmAddresses)
  const counts = stateCounts(addresses)
  const rows =
    addresses.length === 0
      ? html`<p class="dim">No address known yet.</p>`
      : html`<table class="rows"><thead><tr><th>Address</th><th>Zone</th><th>State</th><th>Since</th></tr></thead>
<tbody>${shown.map((address) => addressRow(address, view))}</tbody></table>`
  return html`<details class="box" data-key="${dnsName} ${open ? 'news' : 'calm'}"${open ? html` open` : undefined}>
<summary><b>${name}</b> <span>${counts}</span> <span class="dim">${facts.join(' ')}</span></summary>
${rows}${omission(omitted, 'addresses')}
${failures.length === 0 ? undefined : html`<p class="failure">${cut(failures[0] ?? '')}${failures.length > 1 ? ` (and ${failures.length - 1} more)` : undefined}</p>`}
<p class="dim small"><code>${dnsName}</code>${askedMs === undefined ? ', not asked yet' : html`, asked ${since(askedMs, view.nowMs)}`}</p></details>`
}

function stateCounts(addresses: readonly AddressModel[]): Html {
  const words = [
    ['active', 'in service'],
    ['retired', 'left'],
    ['dead', 'dead'],
    ['pending', 'pending'],
  ] as const
  const told = words.flatMap(([state, word]) => {
    const times = addresses.filter((address) => address.state === state).length
    return times === 0 && state !== 'active' ? [] : [`${times} ${word}`]
  })
  return html`${told.join(', ')}`
}

function addressRow(
  { address, zone, state, sinceMs }: AddressModel,
  { nowMs, startedMs, unreachable }: AddressView,
): Html {
  const unreached = state === 'active' || state === 'retired' ? unreachable.get(address) : undefined
  const when = sinceMs === undefined ? unseen(state, startedMs, nowMs) : sinceCell(sinceMs, nowMs)
  return html`<tr class="${state}" data-key="${address}"><td><code>${address}</code></td><td>${zone === '' ? '–' : zone}</td>
<td><b class="word ${state}">${state}</b> <span class="dim wide">${stateWords[state]}</span>${
    unreached === undefined
      ? undefined
      : html` <b class="word bad">unreachable</b> <span class="dim">${unreached.detail}</span>`
  }</td><td>${when}</td></tr>`
}

/** When an address came is known of those only that came while this program ran. */
function unseen(state: AddressState, startedMs: number, nowMs: number): Html {
  if (state === 'pending') return html`<span class="dim">not known</span>`
  return html`<span class="dim">before ${timeTag(startedMs, nowMs)}</span>`
}
