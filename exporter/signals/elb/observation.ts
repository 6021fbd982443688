/**
 * Makes one observation of the answers of several resolvers to a load balancer's own name and to `all.` + name.
 *
 * The own name answers with at most 8 addresses. Elastic Load Balancing has `all.` + name too, which AWS's own
 * elb_ip_monitoring asks, but not for every load balancer.
 */
import { answerLimit, confirmations, type Observation } from '../../core/membership.ts'
import { failed, good, type Poll } from '../../core/poll.ts'
import type { Answer, RecordType, ResolverName } from '../../sources/dns/client.ts'

export interface NameAnswer {
  readonly resolver: ResolverName
  readonly type: RecordType
  /** true for the answer to `all.` + name */
  readonly wide: boolean
  readonly poll: Poll<Answer>
  /** true where it was asked for by an earlier look */
  readonly late?: boolean
}

/**
 * The union of what answered. It fails where nobody answered, and where only an empty `all.` did: that tells nothing of
 * the load balancer. It is complete where every answer of the own name came, and no union of a record type was full:
 * then the own name has shown all, and an `all.` that fails or is late has no say.
 * `held`: addresses whose absence tells nothing this time.
 */
export function observe(answers: readonly NameAnswer[], atMs: number, held: readonly string[] = []): Poll<Observation> {
  const members = new Set<string>()
  let own = false
  let complete = true
  for (const ofType of Map.groupBy(answers, ({ type }) => type).values()) {
    const whole = ownWhole(ofType)
    const told = ofType.filter(({ poll, wide, late }) => poll.ok && !(whole && wide && late === true))
    const union = recordsOf(told)
    if (!whole || union.size >= answerLimit) complete = false
    own ||= told.some(({ wide }) => !wide)
    for (const record of union) members.add(record)
  }
  if (!own && members.size === 0) return nobody(answers, atMs)
  return good(atMs, { members: [...new Set([...members, ...held])].sort(), complete })
}

/** For the answers of one record type: true where every resolver has answered for the own name, and all of them together did not fill it. */
export function ownWhole(ofType: readonly NameAnswer[]): boolean {
  const own = ofType.filter(({ wide }) => !wide)
  return own.every(({ poll }) => poll.ok) && recordsOf(own).size < answerLimit
}

function recordsOf(answers: readonly NameAnswer[]): Set<string> {
  return new Set(answers.flatMap(({ poll }) => (poll.ok ? poll.snapshot.records : [])))
}

function nobody(answers: readonly NameAnswer[], atMs: number): Poll<never> {
  const first = answers.find(({ poll }) => !poll.ok)?.poll
  if (first === undefined || first.ok) return failed(atMs, 'internal', 'no resolver was asked')
  return failed(atMs, first.failure.reason, first.failure.message)
}

/** What is known of `all.` + name at one resolver for one record type. */
export interface WideName {
  /** It has answered with records, and not been empty 3 times in a row since; or it has never answered yet. */
  readonly exists: boolean
  readonly empties: number
  /** in a row */
  readonly failures: number
  /** last answer with records, or the first failure */
  readonly seenMs: number
  /** last answer of any kind; the first failure where there was none */
  readonly answeredMs: number
  readonly askAgainMs: number
}

/** A name that does not exist may come to exist, so it is asked again now and then. */
export const askAgainAfterMs = 600_000
/** And so often while it is wanted: the own name is full, so that addresses are missing, or is not there itself yet. */
export const askAgainWantedMs = 20_000
/** So long an `all.` that fails is taken for one that would show the addresses that are missing. */
export const trustedForMs = 600_000

/** First pause of an `all.` that has failed 3 times in a row; each one after it is twice as long, to `askAgainAfterMs`. */
const pauseMs = 15_000

export function stepWide(previous: WideName | undefined, poll: Poll<Answer>): WideName {
  const seenMs = poll.atMs
  if (!poll.ok) {
    const known = previous ?? { exists: true, empties: 0, seenMs, answeredMs: seenMs }
    const failures = (previous?.failures ?? 0) + 1
    const { exists } = known
    return {
      ...known,
      failures,
      askAgainMs: seenMs + (exists ? pauseAfter(failures) : askAgainAfterMs),
    }
  }
  const answered = { failures: 0, answeredMs: poll.atMs, askAgainMs: 0 }
  if (poll.snapshot.records.length > 0) return { ...answered, exists: true, empties: 0, seenMs }
  const empties = (previous?.empties ?? 0) + 1
  if (previous?.exists === true && empties < confirmations) return { ...previous, ...answered, empties }
  return { ...answered, exists: false, empties: 0, seenMs: 0, askAgainMs: seenMs + askAgainAfterMs }
}

/**
 * true where an `all.` that does not exist is asked again before its time: at once when it has become wanted, then every
 * 20 s. A load balancer that is new or grows may have it later, and without it 8 of many addresses make some seem to leave.
 */
export function wantedAgain(
  { exists, answeredMs }: WideName,
  wantedSinceMs: number | undefined,
  atMs: number,
): boolean {
  if (exists || wantedSinceMs === undefined) return false
  return answeredMs <= wantedSinceMs || atMs - answeredMs >= askAgainWantedMs
}

/** For the answers of one record type: true where the own name is full, or is not there. */
export function wantsWide(ofType: readonly NameAnswer[]): boolean {
  const own = ofType.filter(({ poll, wide }) => poll.ok && !wide)
  const shown = recordsOf(own).size
  return own.length > 0 && (shown === 0 || shown >= answerLimit)
}

function pauseAfter(failures: number): number {
  return failures < confirmations ? 0 : Math.min(askAgainAfterMs, pauseMs * 2 ** (failures - confirmations))
}

/** true while an `all.` that fails is taken for one that would show more than a full answer of the own name. */
export function mayShowMore({ exists, seenMs }: WideName, atMs: number): boolean {
  return exists && atMs - seenMs < trustedForMs
}

/** What `all.` + name showed beside whole answers of the own name. Of these only `all.` can tell that they left. */
export function beyondOwn(before: readonly string[], answers: readonly NameAnswer[]): string[] {
  if (!answers.every(({ poll, late }) => poll.ok && late !== true)) return [...before]
  return [...Map.groupBy(answers, ({ type }) => type).values()].filter(ownWhole).flatMap((ofType) => {
    const own = recordsOf(ofType.filter((answer) => !answer.wide))
    return [...recordsOf(ofType)].filter((record) => !own.has(record))
  })
}

/**
 * The members whose absence tells nothing this time, since an `all.` that is there did not answer. All of them where the
 * own name answers with 8 of more addresses, else those that only `all.` has shown. Without this, an `all.` that fails
 * would make addresses leave.
 */
export function heldMembers(
  members: readonly string[],
  beyond: readonly string[],
  answers: readonly NameAnswer[],
  wideNameOf: (answer: NameAnswer) => WideName | undefined,
  atMs: number,
): string[] {
  const missing = (answer: NameAnswer) => {
    const { wide, late, poll } = answer
    if (!wide || (poll.ok && late !== true && poll.snapshot.records.length > 0)) return false
    const name = wideNameOf(answer)
    return name === undefined || mayShowMore(name, atMs)
  }
  const byType = [...Map.groupBy(answers, ({ type }) => type).values()]
  if (byType.some((ofType) => isBlind(ofType, missing))) return [...members]
  const kept = new Set(beyond)
  return answers.some(missing) ? members.filter((member) => kept.has(member)) : []
}

/** The own name of one record type is full, and no `all.` shows the rest. */
function isBlind(ofType: readonly NameAnswer[], missing: (answer: NameAnswer) => boolean): boolean {
  const shown = ofType.filter(({ poll }) => poll.ok && poll.snapshot.records.length > 0)
  if (recordsOf(shown).size < answerLimit || shown.some(({ wide }) => wide)) return false
  return ofType.some(missing)
}
