/**
 * Who belongs to a set that is seen only through DNS answers.
 *
 * A load balancer's name answers with at most 8 of its addresses (it has up to 100), in an order that rotates. So one
 * answer without an address proves its departure only when the answer was whole. This file holds that rule once, for
 * the addresses of a load balancer and for the records of a watched name.
 */

/** Elastic Load Balancing puts at most this many addresses into one answer. */
export const answerLimit = 8

/**
 * An address missing from this many partial answers in a row has left; an empty answer this often in a row is true. In a
 * row of answers: failed polls between them tell nothing, so they neither count nor break the row. NXDOMAIN, SERVFAIL,
 * NXDOMAIN, SERVFAIL, NXDOMAIN is a change.
 */
export const confirmations = 3

/** JSON-safe, since it is saved. */
export interface Membership {
  /** each member, sorted, with the number of answers in a row that did not hold it */
  readonly absences: readonly (readonly [member: string, missed: number])[]
  /** partial answers in a row without news that are still wanted before a newcomer counts as added; 0 = settled */
  readonly settling: number
  /** empty answers in a row while there were members */
  readonly empties: number
}

export interface Observation {
  readonly members: readonly string[]
  /** false where members may be left out: the answer has as many as it can hold, or one of several servers is silent */
  readonly complete: boolean
}

export interface MembershipStep {
  readonly next: Membership
  readonly added: readonly string[]
  readonly removed: readonly string[]
  /** true where this answer made the baseline */
  readonly first: boolean
}

export function membersOf(membership: Membership | undefined): string[] {
  return membership === undefined ? [] : membership.absences.map(([member]) => member)
}

/** One good answer. A failed poll never comes here: it is neither a change nor an empty answer. */
export function stepMembership(previous: Membership | undefined, seen: Observation): MembershipStep {
  const present = new Set(seen.members)
  if (previous === undefined) {
    const settling = seen.complete ? 0 : confirmations
    return { next: { absences: entries(present), settling, empties: 0 }, added: [], removed: [], first: true }
  }
  if (present.size === 0 && previous.absences.length > 0) return stepEmpty(previous)
  return stepMembers(previous, present, seen.complete)
}

function entries(members: Iterable<string>): [string, number][] {
  return [...members].sort().map((member) => [member, 0])
}

function stepEmpty(previous: Membership): MembershipStep {
  const empties = previous.empties + 1
  if (empties < confirmations) return { next: { ...previous, empties }, added: [], removed: [], first: false }
  return { next: { absences: [], settling: 0, empties: 0 }, added: [], removed: membersOf(previous), first: false }
}

function stepMembers(previous: Membership, present: ReadonlySet<string>, complete: boolean): MembershipStep {
  const known = new Set(membersOf(previous))
  const newcomers = [...present].filter((member) => !known.has(member)).sort()
  const removed: string[] = []
  const kept: [string, number][] = entries(newcomers)
  for (const [member, before] of previous.absences) {
    const missed = present.has(member) ? 0 : before + 1
    if (missed > 0 && (complete || missed >= confirmations)) removed.push(member)
    else kept.push([member, missed])
  }
  const absences = kept.sort(([left], [right]) => (left < right ? -1 : 1))
  const next = { absences, settling: settle(previous.settling, newcomers.length > 0, complete), empties: 0 }
  // While the first partial answers are still being put together, a newcomer was there all along.
  return { next, added: previous.settling > 0 ? [] : newcomers, removed, first: false }
}

function settle(settling: number, news: boolean, complete: boolean): number {
  if (settling === 0 || complete) return 0
  return news ? confirmations : settling - 1
}
