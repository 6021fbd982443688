/** The three kinds of resolver: who is asked, in which order, and what counts as an answer from them. */
import { messageOf } from '../../core/errors.ts'
import type { Question, ResolveOptions } from './client.ts'
import type { Asked, AskFailure, AskOptions, Querier } from './query.ts'
import type { ResolvConf } from './resolv-conf.ts'
import type { ServerAddress } from './server-address.ts'
import type { Zone, Zones } from './zones.ts'

export interface HopOptions extends ResolveOptions {
  /** on the clock's monotonic scale, ms */
  readonly deadline: number
}

/** One question, one reply. `zone`: what the server has authority over; absent where it resolves anything. */
export type Hop = Asked & { readonly zone?: string }
export type Resolver = (question: Question, options: HopOptions) => Promise<Hop>

const tries = 2
const maxServersTried = 3

/** `host:port` */
export function serverResolver(querier: Querier, server: ServerAddress): Resolver {
  return (question, options) => querier.ask(server, question, recursive(options, tries)).then(usable)
}

/**
 * `system`: the nameservers in the order of the file, each once, the first one again at the end; the next one after a
 * failure of any kind, as the C library does.
 */
export function systemResolver(querier: Querier, resolvConf: ResolvConf): Resolver {
  return async (question, options) => {
    const servers = await readServers(resolvConf)
    if ('ok' in servers) return servers
    const [first] = servers
    if (first !== undefined && servers.length === 1) return serverResolver(querier, first)(question, options)
    const order = first === undefined ? [] : [...servers, first]
    return askInOrder(order, async (server) => usable(await querier.ask(server, question, recursive(options, 1))))
  }
}

/** `authoritative`: the servers of the closest zone, without recursion. */
export function authoritativeResolver(querier: Querier, zones: Zones): Resolver {
  return async (question, options) => {
    const zone = await zones.find(question.hostname, options)
    if (!('apex' in zone)) return zone
    const order = serversInOrder(zone)
    let unmarked: Asked | undefined
    const asked = await askInOrder(order, async (server) => {
      // The one that answered last gets a second packet, so that one lost packet does not change the view.
      const packets = server === order[0] ? tries : 1
      const toServer: AskOptions = { ...options, recursionDesired: false, tries: packets }
      const reply = await querier.ask(server, question, toServer)
      if (holdsOwnRecords(reply, question)) unmarked ??= reply
      const checked = authoritativeOnly(reply, zone)
      if (checked.ok) {
        zone.preferred = zone.servers.indexOf(server)
        zone.authoritySeen = true
      }
      return checked
    })
    if (asked.ok) return { ...asked, zone: zone.apex }
    if (asked.aborted !== true && unmarked !== undefined && !zone.authoritySeen) return { ...unmarked, zone: zone.apex }
    if (asked.aborted !== true) zones.distrust(zone)
    return { ...asked, message: `zone ${zone.apex}: ${asked.message}` }
  }
}

function recursive(options: HopOptions, packets: number): AskOptions {
  return { ...options, recursionDesired: true, tries: packets }
}

async function readServers(resolvConf: ResolvConf): Promise<readonly ServerAddress[] | AskFailure> {
  try {
    return await resolvConf.servers()
  } catch (error) {
    return { ok: false, reason: 'internal', message: `the list of nameservers cannot be read: ${messageOf(error)}` }
  }
}

/** The first good reply; else the first failure, since that is the server most often asked. */
async function askInOrder(
  servers: readonly ServerAddress[],
  ask: (server: ServerAddress) => Promise<Asked>,
): Promise<Asked> {
  let failure: AskFailure | undefined
  for (const server of servers) {
    const asked = await ask(server)
    if (asked.ok || asked.aborted === true) return asked
    failure ??= asked
  }
  return failure ?? { ok: false, reason: 'internal', message: 'there is no server to ask' }
}

function serversInOrder({ servers, preferred }: Zone): ServerAddress[] {
  return [...servers.slice(preferred), ...servers.slice(0, preferred)].slice(0, maxServersTried)
}

/** A referral is no answer: taken for one it would be an empty set, and that a change. */
function usable(asked: Asked): Asked {
  if (!asked.ok) return asked
  const { answers, authoritative, referral } = asked.reply
  if (!referral || authoritative || answers.length > 0) return asked
  const message = `${asked.server.text} only names other servers: it is not a resolver, and has no authority here`
  return { ok: false, reason: 'server', message }
}

/**
 * The records are in the answer, from a server that does not resolve for others (RA): they are its own, though it does not
 * say so by AA. Some load balancers and appliances never do. An answer without records is not believed from them.
 */
function holdsOwnRecords(asked: Asked, { hostname, type }: Question): boolean {
  if (!asked.ok || asked.reply.recursionAvailable) return false
  return asked.reply.answers.some((record) => {
    return record.name === hostname && (record.type === type || record.type === 'CNAME')
  })
}

function authoritativeOnly(asked: Asked, { apex }: Zone): Asked {
  if (!asked.ok || asked.reply.authoritative) return asked
  const message = `${asked.server.text} answers without authority (a lame server): check the NS records of ${apex}`
  return { ok: false, reason: 'server', message }
}
