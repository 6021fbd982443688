import type { Clock } from '../../core/clock.ts'
import { messageOf } from '../../core/errors.ts'
import { type FailureReason, failed, good, type Poll } from '../../core/poll.ts'
import { Aborts } from './aborts.ts'
import { followChain, maxAliases } from './chain.ts'
import type { Answer, DnsClient, QueryTrace, Question, ResolveOptions, ResolverName } from './client.ts'
import { canonicalHostname } from './hostname.ts'
import { Limiter } from './limiter.ts'
import { Querier } from './query.ts'
import { ResolvConf } from './resolv-conf.ts'
import { authoritativeResolver, type HopOptions, type Resolver, serverResolver, systemResolver } from './resolvers.ts'
import { namesFor } from './search-list.ts'
import { dnsPort, parseServer } from './server-address.ts'
import { UdpSockets } from './sockets.ts'
import { Zones } from './zones.ts'

export interface DnsClientOptions {
  readonly clock: Clock
  /** default /etc/resolv.conf */
  readonly resolvConfPath?: string
  /** port of the nameservers in resolv.conf; default 53 */
  readonly systemPort?: number
  /** port of the zones' own servers; default 53 */
  readonly authoritativePort?: number
  /** of one packet; default 2000 */
  readonly timeoutMs?: number
  /** Queries in flight in all and at one server; default 512 and 256. The rest wait, up to 50,000. */
  readonly concurrency?: number
  readonly concurrencyPerServer?: number
  /** default 4 sockets for each server, each replaced after 256 queries, 30 s, or a failure */
  readonly socketsPerServer?: number
  readonly queriesPerSocket?: number
}

/** A resolve sends nothing more after so many packet time-outs: two tries, a CNAME into another zone, two more. */
const timeoutsPerResolve = 5
const maxWaiting = 50_000
const maxServers = 64
const socketAgeMs = 30_000
const maxResolvers = 256

export function createDnsClient(options: DnsClientOptions): DnsClient {
  return new Client(options)
}

class Client implements DnsClient {
  readonly #clock: Clock
  readonly #resolveTimeoutMs: number
  readonly #closing = new AbortController()
  readonly #aborts = new Aborts()
  readonly #sockets: UdpSockets
  readonly #querier: Querier
  readonly #resolvConf: ResolvConf
  readonly #resolvers = new Map<ResolverName, Resolver>()
  /** Questions as they are asked: the same objects come again and again. */
  readonly #canonical = new WeakMap<Question, Question>()

  constructor(options: DnsClientOptions) {
    const { clock, timeoutMs = 2000, socketsPerServer = 4, queriesPerSocket = 256 } = options
    this.#clock = clock
    this.#resolveTimeoutMs = timeoutsPerResolve * timeoutMs
    this.#sockets = new UdpSockets({ clock, timeoutMs, socketsPerServer, queriesPerSocket, socketAgeMs, maxServers })
    const { concurrency = 512, concurrencyPerServer = 256 } = options
    const limiter = new Limiter({ total: concurrency, perServer: concurrencyPerServer, waiting: maxWaiting })
    this.#querier = new Querier({ clock, timeoutMs, sockets: this.#sockets, limiter })
    const path = options.resolvConfPath ?? '/etc/resolv.conf'
    this.#resolvConf = new ResolvConf({ path, clock, port: options.systemPort ?? dnsPort })
    const system = systemResolver(this.#querier, this.#resolvConf)
    const source = {
      ask: (question: Question, asked: ResolveOptions) => system(question, this.#infrastructure(asked)),
      resolve: (question: Question, asked: ResolveOptions) =>
        this.#guarded(question, system, this.#infrastructure(asked), 'system'),
    }
    const zones = new Zones({ clock, source, port: options.authoritativePort ?? dnsPort })
    this.#resolvers.set('system', system)
    this.#resolvers.set('authoritative', authoritativeResolver(this.#querier, zones))
  }

  resolve(question: Question, resolver: ResolverName, options: ResolveOptions): Promise<Poll<Answer>> {
    const ask = this.#resolverOf(resolver)
    if (ask === undefined) {
      const message = 'it is neither system, authoritative, nor an address with or without port'
      return Promise.resolve(this.#failed(question, resolver, 'internal', message))
    }
    const deadline = this.#clock.monotonic() + this.#resolveTimeoutMs
    const poll = this.#guarded(question, ask, { ...options, deadline }, resolver)
    // Other askers may wait for the same zone lookup, so that is not ended with this asker's signal.
    if (resolver !== 'authoritative') return poll
    const givenUp = this.#failed(question, resolver, 'timeout', 'given up before the answer came')
    return this.#aborts.race(poll, options.signal, givenUp)
  }

  async namesFor(hostname: string): Promise<readonly string[]> {
    try {
      return namesFor(hostname, await this.#resolvConf.searchList())
    } catch {
      return [hostname]
    }
  }

  async close(): Promise<void> {
    this.#closing.abort()
    this.#sockets.close()
  }

  /** What is shared by all askers ends with the client, not with the first asker. */
  #infrastructure(options: ResolveOptions): HopOptions {
    const deadline = this.#clock.monotonic() + this.#resolveTimeoutMs
    const { onQuery } = options
    const helping = onQuery && { onQuery: (trace: QueryTrace) => onQuery({ ...trace, helper: true }) }
    return { ...options, ...helping, signal: this.#closing.signal, deadline }
  }

  #resolverOf(name: ResolverName): Resolver | undefined {
    const known = this.#resolvers.get(name)
    if (known !== undefined) return known
    const server = parseServer(name)
    if (server === undefined) return undefined
    const resolver = serverResolver(this.#querier, server)
    if (this.#resolvers.size < maxResolvers) this.#resolvers.set(name, resolver)
    return resolver
  }

  #guarded(asked: Question, ask: Resolver, options: HopOptions, resolver: ResolverName): Promise<Poll<Answer>> {
    const question = this.#canonicalQuestion(asked)
    if (typeof question !== 'string') return this.#follow(question, ask, options, resolver)
    return Promise.resolve(this.#failed(asked, resolver, 'internal', question))
  }

  /** The question with its name in the one spelling, or why it cannot be asked. */
  #canonicalQuestion(asked: Question): Question | string {
    const known = this.#canonical.get(asked)
    if (known !== undefined) return known
    const name = canonicalHostname(asked.hostname)
    if (!name.ok) return name.message
    const question = name.hostname === asked.hostname ? asked : { ...asked, hostname: name.hostname }
    this.#canonical.set(asked, question)
    return question
  }

  /** From the asked name to the records at the end of its aliases. Never rejects. */
  async #follow(question: Question, ask: Resolver, options: HopOptions, resolver: ResolverName): Promise<Poll<Answer>> {
    const chain: string[] = []
    let hostname = question.hostname
    let ttl = Infinity
    try {
      for (;;) {
        const hop = await ask(hostname === question.hostname ? question : { ...question, hostname }, options)
        if (!hop.ok) return this.#failed(question, resolver, hop.reason, hop.message)
        const step = followChain(hop.reply, hostname, question.type, hop.zone)
        chain.push(...step.aliases)
        const fault = step.aliases.length === 0 ? undefined : chainFault(question.hostname, chain)
        if (fault !== undefined) return this.#failed(question, resolver, 'malformed', `${hop.server.text}: ${fault}`)
        ttl = Math.min(ttl, step.ttlSeconds)
        if (step.records !== undefined) return this.#answer(step.records, hop.reply.rcode, ttl, chain, hop.server.text)
        hostname = chain.at(-1) ?? hostname
      }
    } catch (error) {
      return this.#failed(question, resolver, 'internal', messageOf(error))
    }
  }

  #answer(records: readonly string[], rcode: string, ttl: number, chain: string[], server: string): Poll<Answer> {
    const known = rcode === 'NXDOMAIN' ? rcode : 'NOERROR'
    const answer: Answer = { rcode: known, records, chain, server }
    return good(this.#clock.now(), records.length === 0 ? answer : { ...answer, ttlSeconds: ttl })
  }

  #failed(question: Question, resolver: ResolverName, reason: FailureReason, why: string): Poll<never> {
    const message = `DNS query ${question.hostname} ${question.type} by resolver ${resolver} failed: ${why}`
    return failed(this.#clock.now(), reason, message)
  }
}

/** An alias that came before, or too many of them. */
function chainFault(hostname: string, chain: readonly string[]): string | undefined {
  const seen = new Set([hostname])
  for (const alias of chain) {
    if (seen.has(alias)) return `its CNAMEs run in a circle through ${alias}`
    seen.add(alias)
    const target = canonicalHostname(alias)
    if (!target.ok) return `a CNAME leads nowhere: ${target.message}`
  }
  if (chain.length > maxAliases) return `more than ${maxAliases} CNAMEs in a row, the last to ${chain.at(-1)}`
  return undefined
}
