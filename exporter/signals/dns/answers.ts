/** When an answer has changed. Pure: the book before and a poll in, the book after and the change out. */
import { maxTimeMs } from '../../core/iso-time.ts'
import { isObject } from '../../core/json.ts'
import { answerLimit, type Membership, membersOf, stepMembership } from '../../core/membership.ts'
import type { Poll } from '../../core/poll.ts'
import type { Answer } from '../../sources/dns/client.ts'

/** What is known of one (hostname, type) at one resolver. JSON-safe, since it is saved. */
export interface AnswerBook {
  readonly membership: Membership
  /** ms since the Unix epoch; absent until the first change */
  readonly lastChangeMs?: number
}

export interface AnswerChange {
  readonly added: readonly string[]
  readonly removed: readonly string[]
  readonly before: readonly string[]
  readonly after: readonly string[]
}

export interface AnswerStep {
  readonly next: AnswerBook | undefined
  readonly change?: AnswerChange
}

/** A failed poll keeps the book. An answer that says nothing new gives the very same book back. */
export function step(previous: AnswerBook | undefined, poll: Poll<Answer>): AnswerStep {
  if (!poll.ok) return { next: previous }
  const { records } = poll.snapshot
  if (previous !== undefined && isSettledOn(previous.membership, records)) return { next: previous }
  const observation = { members: records, complete: isWhole(records) }
  const { next: membership, added, removed } = stepMembership(previous?.membership, observation)
  if (added.length === 0 && removed.length === 0) return { next: { ...previous, membership } }
  const change = { added, removed, before: membersOf(previous?.membership), after: membersOf(membership) }
  return { next: { membership, lastChangeMs: poll.atMs }, change }
}

/**
 * The name of a load balancer, which a watched hostname may lead to, answers with 8 of its addresses where it has more. An
 * answer of more than 8 is none of those, so it is whole.
 */
function isWhole(records: readonly string[]): boolean {
  return records.length !== answerLimit
}

/** The usual case, told without making anything. Both lists are sorted. */
function isSettledOn({ absences, settling, empties }: Membership, records: readonly string[]): boolean {
  if (settling !== 0 || empties !== 0 || absences.length !== records.length) return false
  return absences.every(([member, missed], index) => missed === 0 && member === records[index])
}

/** A saved book, or undefined where it is not one: the file may be from another version, or edited. */
export function readBook(saved: unknown): AnswerBook | undefined {
  if (!isObject(saved) || !isObject(saved.membership)) return undefined
  const { absences, settling, empties } = saved.membership
  if (!isCount(settling) || !isCount(empties) || !Array.isArray(absences) || !absences.every(isAbsence))
    return undefined
  if (!isSortedOnce(absences)) return undefined
  const membership = { absences, settling, empties }
  const { lastChangeMs } = saved
  if (lastChangeMs === undefined) return { membership }
  return isCount(lastChangeMs) && lastChangeMs <= maxTimeMs ? { membership, lastChangeMs } : undefined
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0
}

function isAbsence(value: unknown): value is readonly [string, number] {
  return Array.isArray(value) && value.length === 2 && typeof value[0] === 'string' && isCount(value[1])
}

/** The comparison with an answer goes from member to member, so they must be in its order. */
function isSortedOnce(absences: readonly (readonly [string, number])[]): boolean {
  return absences.every(([member], index) => index === 0 || member > (absences[index - 1]?.[0] ?? ''))
}
