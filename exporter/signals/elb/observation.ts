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
}

/**
 * The union of what answered. It fails where nobody answered, and where only an empty `all.` did: that tells nothing of
 * the load balancer. It is complete where everybody answered and no answer, and no union of a record type, was full.
 * `held`: addresses whose absence tells nothing this time.
 */
export function observe(answers: readonly NameAnswer[], atMs: number, held: readonly string[] = []): Poll<Observation> {
  const unions = new Map<RecordType, Set<string>>()
  let own = false
  let complete = true
  for (const { type, wide, poll } of answers) {
    if (!poll.ok) {
      complete = false
      continue
    }
    own ||= !wide
    const union = unions.get(type) ?? new Set()
    unions.set(type, union)
    for (const record of poll.snapshot.records) union.add(record)
    if (poll.snapshot.records.length >= answerLimit || union.size >= answerLimit) complete = false
  }
  const members = [...unions.values()].flatMap((union) => [...union]).sort()
  if (!own && members.length === 0) return nobody(answers, atMs)
  return good(atMs, { members: [...new Set([...members, ...held])].sort(), complete })
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
  /** last answer with records, or the first failure */
  readonly seenMs: number
  readonly askAgainMs: number
}

/** A name that does not exist may come to exist, so it is asked again now and then. */
export const askAgainAfterMs = 600_000
/** So long an `all.` that fails is taken for one that would show the addresses that are missing. */
export const trustedForMs = 600_000

export function stepWide(previous: WideName | undefined, poll: Poll<Answer>): WideName {
  const seenMs = poll.atMs
  if (!poll.ok) return previous ?? { exists: true, empties: 0, seenMs, askAgainMs: 0 }
  if (poll.snapshot.records.length > 0) return { exists: true, empties: 0, seenMs, askAgainMs: 0 }
  const empties = (previous?.empties ?? 0) + 1
  if (previous?.exists === true && empties < confirmations) return { ...previous, empties }
  return { exists: false, empties: 0, seenMs: 0, askAgainMs: seenMs + askAgainAfterMs }
}

/**
 * true where absence tells nothing: the own name answers with 8 of more addresses, and the `all.` that shows the others
 * did not answer this time. Without this, an `all.` that fails three times would make addresses leave.
 */
export function isBlind(
  answers: readonly NameAnswer[],
  wideNameOf: (answer: NameAnswer) => WideName | undefined,
  atMs: number,
): boolean {
  const byType = Map.groupBy(answers, ({ type }) => type)
  return [...byType.values()].some((ofType) => {
    const shown = ofType.filter(({ poll }) => poll.ok && poll.snapshot.records.length > 0)
    const records = new Set(shown.flatMap(({ poll }) => (poll.ok ? poll.snapshot.records : [])))
    if (records.size < answerLimit || shown.some(({ wide }) => wide)) return false
    return ofType.some((answer) => {
      const name = answer.wide ? wideNameOf(answer) : undefined
      return name?.exists === true && atMs - name.seenMs < trustedForMs
    })
  })
}
