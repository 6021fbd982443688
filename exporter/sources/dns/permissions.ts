import { type Access, allowed, refused, type Turn } from '../../core/access.ts'
import type { DnsClient, Question, ResolverName } from './client.ts'

/** Asks the resolver once. That the name does not exist is an answer. */
export async function tryResolver(
  resolver: ResolverName,
  question: Question,
  { dns, signal, turn }: { readonly dns: DnsClient; readonly signal: AbortSignal; readonly turn: Turn },
): Promise<Access> {
  const { hostname, type } = question
  const asked = { call: `DNS query to ${resolver}`, on: `${hostname} ${type}` }
  const poll = await turn(() => dns.resolve(question, resolver, { signal }))
  if (!poll.ok) return refused(asked, poll.failure, `this address in the access list of the resolver ${resolver}`)
  const { rcode, server } = poll.snapshot
  return rcode === 'NOERROR' ? allowed(asked) : { ...allowed(asked), detail: `${server} answers ${rcode}` }
}
