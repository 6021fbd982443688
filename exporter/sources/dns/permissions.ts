import { type Access, allowed, refused, type Turn } from '../../core/access.ts'
import type { DnsClient, Question, ResolverName } from './client.ts'

const advice = 'check the spelling of the name, or ask resolvers: [system]'

/** Asks the resolver once. That the name does not exist is an answer, if a suspicious one. */
export async function tryResolver(
  resolver: ResolverName,
  question: Question,
  { dns, signal, turn }: { readonly dns: DnsClient; readonly signal: AbortSignal; readonly turn: Turn },
): Promise<Access> {
  const { hostname, type } = question
  const asked = { call: `DNS query to ${resolver}`, on: `${hostname} ${type}` }
  const poll = await turn(() => dns.resolve(question, resolver, { signal }))
  if (!poll.ok) {
    const { reason, message } = poll.failure
    // Nobody else answered: there is nobody to ask, which is of the name and not of an endpoint.
    const failure =
      reason === 'not_found' ? { reason: 'server' as const, message: `${message}; ${advice}` } : poll.failure
    return refused(asked, failure, `this address in the access list of the resolver ${resolver}`)
  }
  const { rcode, server } = poll.snapshot
  if (rcode === 'NOERROR') return allowed(asked)
  return { ...allowed(asked), detail: `warning: ${server} answers ${rcode}: check the spelling of ${hostname}` }
}
