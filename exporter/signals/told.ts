/** What collectors say of one poll for people who ask why: the same words for the same decision. Pure. */
import { confirmations, type Membership, membersOf } from '../core/membership.ts'
import type { Poll } from '../core/poll.ts'
import type { Answer, QueryTrace } from '../sources/dns/client.ts'

const namesTold = 20

/** One line for an answer, or for its failure. */
export function answerLine(poll: Poll<Answer>): string {
  if (!poll.ok) return `${poll.failure.reason}: ${poll.failure.message}`
  const { rcode, records, chain, ttlSeconds, server } = poll.snapshot
  const by = chain.length === 0 ? '' : ` by ${chain.join(', ')}`
  const ttl = ttlSeconds === undefined ? '' : `, TTL ${ttlSeconds} s`
  return `${rcode} from ${server}${by}: ${named(records)}${ttl}`
}

export function packetLine({ server, question, result, durationMs }: QueryTrace): string {
  return `${question.hostname} ${question.type} to ${server}: ${result} in ${durationMs.toFixed(1)} ms`
}

interface Step {
  readonly ok: boolean
  readonly before: Membership | undefined
  readonly after: Membership | undefined
  readonly added: readonly string[]
  readonly removed: readonly string[]
}

/** What a poll made of a set that is seen through DNS. */
export function decision({ ok, before, after, added, removed }: Step): string {
  const known = membersOf(after).length
  if (!ok)
    return known === 0 ? 'a failed poll: nothing is known' : `a failed poll is not a change: the ${known} known stay`
  if (after === undefined) return 'nothing is there yet: what comes will be the first sight'
  if (before === undefined) return `first sight is not a change: ${known} known from here on`
  const parts = [
    ...(added.length > 0 ? [`a change: ${named(added)} came`] : []),
    ...(removed.length > 0 ? [`a change: ${named(removed)} left`] : []),
    ...waiting(after),
  ]
  return parts.length === 0 ? `no change: ${known} known` : parts.join('; ')
}

function waiting(membership: Membership | undefined): string[] {
  const { absences = [], empties = 0, settling = 0 } = membership ?? {}
  const missed = absences.filter(([, times]) => times > 0)
  return [
    ...missed
      .slice(0, namesTold)
      .map(([member, times]) => `${member} missed in ${times} of ${confirmations} answers, not left yet`),
    ...(empties > 0 ? [`empty ${empties} of ${confirmations} times in a row, not believed yet`] : []),
    ...(settling > 0 ? [`${settling} more answers without news until newcomers count as added`] : []),
  ]
}

export function named(members: readonly string[]): string {
  if (members.length === 0) return 'nothing'
  const rest = members.length > namesTold ? ` and ${members.length - namesTold} more` : ''
  return `${members.slice(0, namesTold).join(', ')}${rest}`
}
