/**
 * What is where in the story, and how it goes on by itself: addresses of a load balancer, and the kubelets that hold
 * connections to them. Pure: times are arguments, in ms since the story began; nothing here waits or sends.
 */
import { type Detection, type Kubelet, nextDueMs, runKubelet } from './kubelets.ts'

export interface Address {
  readonly address: string
  readonly zone: string
  readonly inDns: boolean
  /** It has a network interface, and packets to it arrive. */
  readonly alive: boolean
}

export interface World {
  readonly addresses: readonly Address[]
  readonly zones: readonly string[]
  readonly kubelets: ReadonlyMap<string, Kubelet>
  /** Kubelets made so far: the next one's ordinal. */
  readonly made: number
  /** Those with something ahead of them. */
  readonly busy: ReadonlySet<string>
  /** Where the watched hostname was switched to; undefined while it follows the load balancer. */
  readonly switchedTo: readonly string[] | undefined
  /** Since when some address takes connections. */
  readonly servingSinceMs: number | undefined
  /** Node-ms Unknown of stretches that have ended. */
  readonly lostMs: number
}

export type WorldEvent = { readonly atMs: number } & (
  | { readonly kind: 'address'; readonly address: string; readonly change: 'appears' | 'joins' | 'leaves' | 'dies' }
  | { readonly kind: 'switched'; readonly to: readonly string[] }
  | { readonly kind: 'stalled'; readonly node: string; readonly address: string; readonly renewedMs: number }
  | { readonly kind: 'reconnected'; readonly node: string; readonly address: string; readonly after: Detection }
  | { readonly kind: 'ready'; readonly node: string; readonly ready: Kubelet['ready'] }
  | { readonly kind: 'added'; readonly node: string; readonly zone: string }
  | { readonly kind: 'cordoned' | 'deleting' | 'removed'; readonly node: string }
)

export interface Turn {
  readonly world: World
  readonly events: readonly WorldEvent[]
}

export function serving(addresses: readonly Address[]): string[] {
  return addresses.filter(({ inDns, alive }) => inDns && alive).map(({ address }) => address)
}

/** Brings the world to `nowMs`. The events come in the order of their times, whatever the size of the steps. */
export function step(world: World, nowMs: number): Turn {
  const kubelets = new Map<string, Kubelet>()
  const gone: string[] = []
  const events: WorldEvent[] = []
  let { lostMs } = world
  const targets = { addresses: serving(world.addresses), sinceMs: world.servingSinceMs }
  for (const name of world.busy) {
    const kubelet = world.kubelets.get(name)
    if (kubelet === undefined || nextDueMs(kubelet, targets) > nowMs) continue
    const run = runKubelet(kubelet, targets, nowMs)
    lostMs += run.lostMs
    events.push(...run.events)
    if (run.kubelet === undefined) gone.push(name)
    else kubelets.set(name, run.kubelet)
  }
  if (events.length === 0 && kubelets.size === 0) return { world, events }
  // A stable sort: what one kubelet does stays in its order.
  events.sort((left, right) => left.atMs - right.atMs)
  return { world: { ...withKubelets(world, kubelets, gone), lostMs }, events }
}

/** When something happens by itself next; Infinity where nothing is ahead. */
export function nextEventMs(world: World): number {
  const targets = { addresses: serving(world.addresses), sinceMs: world.servingSinceMs }
  let next = Number.POSITIVE_INFINITY
  for (const name of world.busy) {
    const kubelet = world.kubelets.get(name)
    if (kubelet !== undefined) next = Math.min(next, nextDueMs(kubelet, targets))
  }
  return next
}

/** Node-ms spent with Ready=Unknown up to `nowMs`, to which the world must have been brought. */
export function unknownNodeMs(world: World, nowMs: number): number {
  let total = world.lostMs
  for (const name of world.busy) {
    const kubelet = world.kubelets.get(name)
    if (kubelet?.ready === 'Unknown') total += nowMs - kubelet.readySinceMs
  }
  return total
}

/** The world with some kubelets changed, added or gone. */
export function withKubelets(world: World, changed: ReadonlyMap<string, Kubelet>, gone: readonly string[] = []): World {
  const kubelets = new Map([...world.kubelets, ...changed])
  const busy = new Set(world.busy)
  for (const [name, kubelet] of changed) {
    if (isBusy(kubelet)) busy.add(name)
    else busy.delete(name)
  }
  for (const name of gone) {
    kubelets.delete(name)
    busy.delete(name)
  }
  return { ...world, kubelets, busy }
}

function isBusy({ ready, stall, returnsMs, startsMs, deletingMs, goneMs }: Kubelet): boolean {
  const ahead = [stall, returnsMs, startsMs, deletingMs, goneMs].some((value) => value !== undefined)
  return ahead || ready === 'Unknown'
}
