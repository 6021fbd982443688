/** What a scenario does to the world. */
import { startupMs } from './durations.ts'
import { type Detection, type Kubelet, newKubelet, stallAt } from './kubelets.ts'
import { type Address, serving, step, type Turn, type World, type WorldEvent, withKubelets } from './world.ts'

export type WorldAction =
  /** A network interface is made; DNS follows later. */
  | { readonly do: 'address_appears' | 'address_joins'; readonly address: string; readonly zone: string }
  /** Out of DNS of the load balancer and of everything behind it. */
  | { readonly do: 'address_leaves'; readonly address: string }
  /** The interface is deleted: what was connected hangs until TCP gives up. */
  | { readonly do: 'address_dies'; readonly address: string }
  /** The same for kubelets that ping their connections. */
  | { readonly do: 'kubelets_flap'; readonly address: string }
  /** The oldest nodes in service are cordoned first; cordoned nodes are removed before others. */
  | { readonly do: 'nodes_add' | 'nodes_cordon' | 'nodes_remove'; readonly count: number }
  /** Each new node comes as an old one is cordoned; after `drainMs` that one is deleted, and `deleteMs` later gone. */
  | { readonly do: 'nodes_replace'; readonly count: number; readonly drainMs: number; readonly deleteMs: number }
  | { readonly do: 'dns_switch'; readonly to: readonly string[] }

export interface WorldInit {
  readonly addresses: readonly { readonly address: string; readonly zone: string }[]
  readonly zones: readonly string[]
  readonly nodes: number
}

/** Kubelets are spread over the addresses by thirds of zones, so that no zone holds one address alone. */
export function createWorld({ addresses, zones, nodes }: WorldInit): World {
  const kubelets = Array.from({ length: nodes }, (_, ordinal) => {
    const address = addresses[Math.floor(ordinal / zones.length) % addresses.length]?.address
    return newKubelet(ordinal, zones[ordinal % zones.length] ?? '', address)
  })
  return {
    addresses: addresses.map((placed) => ({ ...placed, inDns: true, alive: true })),
    zones,
    kubelets: new Map(kubelets.map((kubelet) => [kubelet.name, kubelet])),
    made: nodes,
    busy: new Set(),
    switchedTo: undefined,
    servingSinceMs: addresses.length === 0 ? undefined : 0,
    lostMs: 0,
  }
}

/** Brings the world to `atMs` and does it. Throws where the world has no such address. */
export function act(before: World, action: WorldAction, atMs: number): Turn {
  const { world, events } = step(before, atMs)
  const turn = apply(world, action, atMs)
  return { world: turn.world, events: [...events, ...turn.events] }
}

function apply(world: World, action: WorldAction, atMs: number): Turn {
  switch (action.do) {
    case 'address_appears':
      return changeAddress(world, { ...action, inDns: false, alive: true }, 'appears', atMs)
    case 'address_joins':
      return changeAddress(world, { ...action, inDns: true, alive: true }, 'joins', atMs)
    case 'address_leaves':
      return changeAddress(world, { ...known(world, action.address), inDns: false }, 'leaves', atMs)
    case 'address_dies':
      return die(world, action.address, 'tcp_retries', atMs)
    case 'kubelets_flap':
      return die(world, action.address, 'http2_ping', atMs)
    case 'nodes_add':
      return addNodes(world, action.count, atMs)
    case 'nodes_cordon':
      return changeNodes(world, action.count, 'cordoned', atMs, (kubelet) => ({ ...kubelet, cordoned: true }))
    case 'nodes_remove':
      return removeNodes(world, action.count, atMs)
    case 'nodes_replace':
      return replaceNodes(world, action.count, atMs, atMs + action.drainMs, atMs + action.drainMs + action.deleteMs)
    case 'dns_switch':
      return { world: { ...world, switchedTo: action.to }, events: [{ kind: 'switched', atMs, to: action.to }] }
  }
}

function known(world: World, wanted: string): Address {
  const address = world.addresses.find(({ address: own }) => own === wanted)
  if (address === undefined) throw new Error(`the world has no address ${wanted}`)
  return address
}

type AddressChange = Extract<WorldEvent, { kind: 'address' }>['change']

function changeAddress(world: World, next: Address, change: AddressChange, atMs: number): Turn {
  const { address, zone, inDns, alive } = next
  const others = world.addresses.filter((own) => own.address !== address)
  const addresses = [...others, { address, zone, inDns, alive }].sort((a, b) => (a.address < b.address ? -1 : 1))
  const servingSinceMs = serving(addresses).length === 0 ? undefined : (world.servingSinceMs ?? atMs)
  const event: WorldEvent = { kind: 'address', atMs, address, change }
  return { world: { ...world, addresses, servingSinceMs }, events: [event] }
}

function die(world: World, address: string, detection: Detection, atMs: number): Turn {
  const dead = changeAddress(world, { ...known(world, address), alive: false }, 'dies', atMs)
  const held = [...world.kubelets.values()].filter((own) => own.address === address && own.stall === undefined)
  const stalled = held.map((kubelet) => stallAt(kubelet, atMs, detection))
  const events = stalled.map(
    ({ name: node, stall }): WorldEvent => ({
      kind: 'stalled',
      atMs,
      node,
      address,
      renewedMs: stall?.renewedMs ?? atMs,
    }),
  )
  const changed = new Map(stalled.map((kubelet) => [kubelet.name, kubelet]))
  return { world: withKubelets(dead.world, changed), events: [...dead.events, ...events] }
}

function addNodes(world: World, count: number, atMs: number): Turn {
  const targets = serving(world.addresses)
  const added = Array.from({ length: count }, (_, index) => {
    const ordinal = world.made + index
    const zone = world.zones[ordinal % world.zones.length] ?? ''
    return newKubelet(ordinal, zone, targets[ordinal % Math.max(1, targets.length)], atMs + startupMs)
  })
  const events = added.map(({ name: node, zone }): WorldEvent => ({ kind: 'added', atMs, node, zone }))
  const changed = new Map(added.map((kubelet) => [kubelet.name, kubelet]))
  return { world: { ...withKubelets(world, changed), made: world.made + count }, events }
}

function replaceNodes(world: World, count: number, atMs: number, deletingMs: number, goneMs: number): Turn {
  const leave = (kubelet: Kubelet): Kubelet => ({ ...kubelet, cordoned: true, deletingMs, goneMs })
  const cordoned = changeNodes(world, count, 'cordoned', atMs, leave)
  const added = addNodes(cordoned.world, count, atMs)
  return { world: added.world, events: [...cordoned.events, ...added.events] }
}

function removeNodes(world: World, count: number, atMs: number): Turn {
  const cordoned = [...world.kubelets.values()].filter((own) => own.cordoned && own.goneMs === undefined)
  const chosen = [...cordoned, ...oldest(world, count)].slice(0, count)
  const leaving = mapNodes(world, chosen, (kubelet) => ({ ...kubelet, goneMs: atMs }))
  return step(leaving, atMs)
}

function changeNodes(
  world: World,
  count: number,
  kind: 'cordoned',
  atMs: number,
  change: (kubelet: Kubelet) => Kubelet,
): Turn {
  const chosen = oldest(world, count)
  const events = chosen.map(({ name: node }): WorldEvent => ({ kind, atMs, node }))
  return { world: mapNodes(world, chosen, change), events }
}

function mapNodes(world: World, chosen: readonly Kubelet[], change: (kubelet: Kubelet) => Kubelet): World {
  return withKubelets(world, new Map(chosen.map((kubelet) => [kubelet.name, change(kubelet)])))
}

/** The oldest nodes in service: a Map keeps the order in which they came. */
function oldest(world: World, count: number): Kubelet[] {
  return [...world.kubelets.values()]
    .filter(({ cordoned, goneMs }) => !cordoned && goneMs === undefined)
    .slice(0, count)
}
