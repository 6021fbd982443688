/**
 * One kubelet and what the node controller makes of its silence. A kubelet renews its lease every 10 s; when its
 * connection is black-holed the renewals stop, the node controller waits out the grace and sets Ready=Unknown, and the
 * kubelet comes back once TCP, or the HTTP/2 ping of newer clients, has given the connection up.
 */
import {
  gracePeriodMs,
  leaseRenewalMs,
  monitorPeriodMs,
  pingHangMs,
  readyAfterPingMs,
  startupMs,
  tcpHangMs,
} from './durations.ts'
import type { WorldEvent } from './world.ts'

/** Who notices that the connection is dead. */
export type Detection = 'tcp_retries' | 'http2_ping'

export interface Stall {
  /** When the lease was last renewed. */
  readonly renewedMs: number
  /** When the node controller gives the node up. */
  readonly unknownMs: number
  /** When the connection is given up; the kubelet then dials anew. */
  readonly freeMs: number
  readonly detection: Detection
}

export interface Kubelet {
  readonly name: string
  readonly ordinal: number
  readonly zone: string
  /** The address of the API that it is connected to; undefined before it found one. */
  readonly address: string | undefined
  readonly ready: 'True' | 'False' | 'Unknown'
  readonly readySinceMs: number
  readonly cordoned: boolean
  readonly deleting: boolean
  readonly stall?: Stall | undefined
  /** When a node that was given up is Ready again. */
  readonly returnsMs?: number | undefined
  /** When a new node is Ready for the first time. */
  readonly startsMs?: number | undefined
  readonly deletingMs?: number | undefined
  readonly goneMs?: number | undefined
}

export interface Targets {
  /** Addresses that are in DNS and take connections. */
  readonly addresses: readonly string[]
  readonly sinceMs: number | undefined
}

export interface KubeletRun {
  /** Undefined: the node is gone. */
  readonly kubelet: Kubelet | undefined
  readonly events: readonly WorldEvent[]
  /** ms with Ready=Unknown of a stretch that ended. */
  readonly lostMs: number
}

export function newKubelet(ordinal: number, zone: string, address: string | undefined, startsMs?: number): Kubelet {
  return {
    name: `node-${String(ordinal + 1).padStart(2, '0')}`,
    ordinal,
    zone,
    address,
    ready: startsMs === undefined ? 'True' : 'False',
    readySinceMs: startsMs === undefined ? 0 : startsMs - startupMs,
    cordoned: false,
    deleting: false,
    startsMs,
  }
}

/** Renewals of different kubelets fall on different moments: multiples of the golden ratio spread evenly. */
export function phaseMs({ ordinal }: Pick<Kubelet, 'ordinal'>): number {
  return Math.round(((ordinal * 0.618_033_988_75) % 1) * leaseRenewalMs)
}

export function lastRenewalMs(kubelet: Pick<Kubelet, 'ordinal'>, atMs: number): number {
  const sinceRenewal = (atMs - phaseMs(kubelet)) % leaseRenewalMs
  return atMs - (sinceRenewal < 0 ? sinceRenewal + leaseRenewalMs : sinceRenewal)
}

/** The address that the kubelet is connected to falls silent at `atMs`. */
export function stallAt(kubelet: Kubelet, atMs: number, detection: Detection): Kubelet {
  const renewedMs = lastRenewalMs(kubelet, atMs)
  // TCP counts from the first segment that nobody acknowledges, the ping from the last frame that came.
  const freeMs = detection === 'tcp_retries' ? renewedMs + leaseRenewalMs + tcpHangMs : atMs + pingHangMs
  const unknownMs = Math.ceil((renewedMs + gracePeriodMs) / monitorPeriodMs) * monitorPeriodMs
  return { ...kubelet, stall: { renewedMs, unknownMs, freeMs, detection }, returnsMs: undefined, startsMs: undefined }
}

/** When something happens to the kubelet next; Infinity where nothing is ahead. */
export function nextDueMs(kubelet: Kubelet, targets: Targets): number {
  return nextDeed(kubelet, targets)?.atMs ?? Number.POSITIVE_INFINITY
}

/** All that happens to one kubelet up to `nowMs`. */
export function runKubelet(start: Kubelet, targets: Targets, nowMs: number): KubeletRun {
  const events: WorldEvent[] = []
  let lostMs = 0
  let kubelet = start
  for (;;) {
    const deed = nextDeed(kubelet, targets)
    if (deed === undefined || deed.atMs > nowMs) return { kubelet, events, lostMs }
    const after = deed.does(deed.atMs)
    events.push(...after.events)
    const ended = kubelet.ready === 'Unknown' && after.kubelet?.ready !== 'Unknown'
    if (ended) lostMs += deed.atMs - kubelet.readySinceMs
    if (after.kubelet === undefined) return { kubelet: undefined, events, lostMs }
    kubelet = after.kubelet
  }
}

interface Deed {
  readonly atMs: number
  does(atMs: number): { readonly kubelet: Kubelet | undefined; readonly events: readonly WorldEvent[] }
}

function nextDeed(kubelet: Kubelet, targets: Targets): Deed | undefined {
  const { ready, stall, returnsMs, startsMs, deletingMs, goneMs, name: node } = kubelet
  const deeds: Deed[] = []
  const plan = (atMs: number | undefined, does: Deed['does']) => {
    if (atMs !== undefined) deeds.push({ atMs, does })
  }
  plan(goneMs, (atMs) => ({ kubelet: undefined, events: [{ kind: 'removed', atMs, node }] }))
  plan(deletingMs, (atMs) => ({
    kubelet: { ...kubelet, deleting: true, deletingMs: undefined },
    events: [{ kind: 'deleting', atMs, node }],
  }))
  if (stall !== undefined) {
    plan(dialsMs(stall, targets), (atMs) => reconnect(kubelet, stall, targets.addresses, atMs))
    plan(ready === 'Unknown' ? undefined : stall.unknownMs, (atMs) => becomes(kubelet, 'Unknown', atMs))
  }
  plan(returnsMs ?? startsMs, (atMs) => becomes(kubelet, 'True', atMs))
  return deeds.reduce<Deed | undefined>((first, deed) => (first && first.atMs <= deed.atMs ? first : deed), undefined)
}

/** Once its connection is given up, as soon as an address takes new ones. */
function dialsMs({ freeMs }: Stall, { sinceMs }: Targets): number | undefined {
  return sinceMs === undefined ? undefined : Math.max(freeMs, sinceMs)
}

function reconnect(kubelet: Kubelet, { detection }: Stall, addresses: readonly string[], atMs: number) {
  const { name: node, ordinal, ready } = kubelet
  const address = addresses[ordinal % addresses.length] ?? ''
  const returnsMs = ready === 'True' ? undefined : atMs + (detection === 'http2_ping' ? pingDelayMs(kubelet) : 0)
  const events: WorldEvent[] = [{ kind: 'reconnected', atMs, node, address, after: detection }]
  return { kubelet: { ...kubelet, address, stall: undefined, returnsMs }, events }
}

function pingDelayMs(kubelet: Kubelet): number {
  const { least, most } = readyAfterPingMs
  return Math.round(least + ((most - least) * phaseMs(kubelet)) / leaseRenewalMs)
}

function becomes(kubelet: Kubelet, ready: Kubelet['ready'], atMs: number) {
  const events: WorldEvent[] = [{ kind: 'ready', atMs, node: kubelet.name, ready }]
  return { kubelet: { ...kubelet, ready, readySinceMs: atMs, returnsMs: undefined, startsMs: undefined }, events }
}
