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
 */
export function observe(answers: readonly NameAnswer[], atMs: number): Poll<Observation> {
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
  return good(atMs, { members, complete })
}

function nobody(answers: readonly NameAnswer[], atMs: number): Poll<never> {
  const first = answers.find(({ poll }) => !poll.ok)?.poll
  if (first === undefined || first.ok) return failed(atMs, 'internal', 'no resolver was asked')
  return failed(atMs, first.failure.reason, first.failure.message)
}

/** What is known of `all.` + name at one resolver for one record type. */
export interface WideName {
  /** It has answered with records, and not been empty 3 times in a row since. */
  readonly exists: boolean
  readonly empties: number
  readonly askAgainMs: number
}

/** A name that does not exist may come to exist, so it is asked again now and then. */
export const askAgainAfterMs = 600_000

const unknownWide: WideName = { exists: false, empties: 0, askAgainMs: 0 }

export function stepWide(previous: WideName = unknownWide, poll: Poll<Answer>): WideName {
  if (!poll.ok) return previous
  if (poll.snapshot.records.length > 0) return { exists: true, empties: 0, askAgainMs: 0 }
  const empties = previous.empties + 1
  if (previous.exists && empties < confirmations) return { ...previous, empties }
  return { exists: false, empties: 0, askAgainMs: poll.atMs + askAgainAfterMs }
}
