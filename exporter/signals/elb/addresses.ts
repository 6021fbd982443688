/**
 * The addresses of one load balancer, from one look to the next. Pure: polls and times come in, a book and its changes
 * go out. What is a change is decided on the DNS view alone, since that is what clients dial.
 */
import { type Membership, membersOf, type Observation, stepMembership } from '../../core/membership.ts'
import type { Poll } from '../../core/poll.ts'

export interface Placed {
  readonly address: string
  /** Availability Zone, empty where unknown */
  readonly zone: string
}

export interface Retired extends Placed {
  readonly atMs: number
}

/** JSON-safe, since it is saved. */
export interface AddressBook {
  /** absent until the first good poll */
  readonly membership?: Membership
  /** oldest first */
  readonly retired: readonly Retired[]
  /** zones of addresses in sight, as AWS told them last */
  readonly zones: readonly Placed[]
  /** addresses that had a network interface at some time, sorted; absent where interfaces were never asked for */
  readonly owned?: readonly string[]
  readonly lastAddedMs?: number
  readonly lastRemovedMs?: number
}

export interface AddressStep {
  readonly next: AddressBook
  readonly added: readonly string[]
  readonly removed: readonly string[]
}

export type AddressState = 'pending' | 'active' | 'retired' | 'dead'

export interface AddressInSight extends Placed {
  readonly state: AddressState
}

/** Bounds what a name that answers with something new each time can make of a book. */
export const retiredLimit = 500

export const emptyBook: AddressBook = { retired: [], zones: [] }

/**
 * `retentionMs`: how long an address that left stays in sight. A failed poll changes nothing but what has run out. The name
 * of a new load balancer is there some time before its addresses: until then there is no first sight.
 */
export function step(previous: AddressBook, poll: Poll<Observation>, nowMs: number, retentionMs: number): AddressStep {
  const kept = previous.retired.filter(({ atMs }) => nowMs - atMs < retentionMs)
  const nothingYet = previous.membership === undefined && poll.ok && poll.snapshot.members.length === 0
  if (!poll.ok || nothingYet) return { next: { ...previous, retired: kept }, added: [], removed: [] }
  const { next: membership, added, removed } = stepMembership(previous.membership, poll.snapshot)
  const members = new Set(membersOf(membership))
  const left = removed.map((address) => ({ address, zone: zoneOf(previous, address), atMs: poll.atMs }))
  const retired = [...kept.filter(({ address }) => !members.has(address)), ...left].slice(-retiredLimit)
  const next: AddressBook = {
    ...previous,
    membership,
    retired,
    ...(added.length > 0 ? { lastAddedMs: poll.atMs } : {}),
    ...(removed.length > 0 ? { lastRemovedMs: poll.atMs } : {}),
  }
  return { next, added, removed }
}

/** Takes over the zones that AWS told, and keeps those of addresses still in sight that it tells no more. */
export function withZones(book: AddressBook, told: readonly Placed[]): AddressBook {
  const zones = new Map(told.map(({ address, zone }) => [address, zone]))
  for (const address of membersOf(book.membership)) {
    const known = zones.get(address) ?? zoneOf(book, address)
    if (known !== '') zones.set(address, known)
  }
  const placed = [...zones].map(([address, zone]) => ({ address, zone }))
  return { ...book, zones: placed.sort((left, right) => (left.address < right.address ? -1 : 1)) }
}

/** Remembers who had a network interface, of those in sight: only what was there can be seen to be deleted. */
export function withOwned(book: AddressBook, told: readonly Placed[]): AddressBook {
  const inDns = new Set([...membersOf(book.membership), ...book.retired.map(({ address }) => address)])
  const before = (book.owned ?? []).filter((address) => inDns.has(address))
  return { ...book, owned: [...new Set([...before, ...told.map(({ address }) => address)])].sort() }
}

/** Every address in sight once, sorted. `interfaces`: the addresses that have a network interface, where that is known. */
export function inSight(book: AddressBook, interfaces: readonly string[] | undefined): AddressInSight[] {
  const owned = interfaces === undefined ? undefined : new Set(interfaces)
  const members = membersOf(book.membership)
  const onceOwned = new Set(book.owned)
  const seen = new Map<string, AddressInSight>()
  // Before the first answer of DNS nobody knows what is pending.
  for (const address of book.membership === undefined ? [] : (owned ?? [])) {
    seen.set(address, { address, zone: zoneOf(book, address), state: 'pending' })
  }
  for (const { address, zone } of book.retired) {
    const deleted = owned !== undefined && onceOwned.has(address) && !owned.has(address)
    const state = deleted ? 'dead' : 'retired'
    seen.set(address, { address, zone, state })
  }
  for (const address of members) seen.set(address, { address, zone: zoneOf(book, address), state: 'active' })
  return [...seen.values()].sort((left, right) => (left.address < right.address ? -1 : 1))
}

export function activeAddresses(book: AddressBook): string[] {
  return membersOf(book.membership)
}

/** The part that must survive a restart, without what differs from poll to poll though nothing happened. */
export function lasting(book: AddressBook): AddressBook {
  const { membership, ...rest } = book
  if (membership === undefined) return rest
  const absences = membership.absences.map(([member]) => [member, 0] as const)
  return { ...rest, membership: { absences, settling: membership.settling, empties: 0 } }
}

function zoneOf(book: AddressBook, address: string): string {
  return book.zones.find((placed) => placed.address === address)?.zone ?? ''
}
