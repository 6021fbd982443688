/** Which zone a name is in and which servers answer for it, found through another resolver and remembered. */
import type { Clock } from '../../core/clock.ts'
import type { Poll } from '../../core/poll.ts'
import { isWithin } from './chain.ts'
import type { Answer, Question, ResolveOptions } from './client.ts'
import type { Asked, AskFailure } from './query.ts'
import { type ServerAddress, serverAddress } from './server-address.ts'

export interface Zone {
  readonly ok: true
  readonly apex: string
  readonly servers: readonly ServerAddress[]
  /** The server that answered last is asked first, so that one that lags behind the others makes no flapping. */
  preferred: number
  /** One of them answered with authority (AA): the others must, too. */
  authoritySeen: boolean
}

/** How the rest of DNS is asked: one reply about a name, and the whole answer. */
export interface ZoneSource {
  ask(question: Question, options: ResolveOptions): Promise<Asked>
  resolve(question: Question, options: ResolveOptions): Promise<Poll<Answer>>
}

export interface ZonesOptions {
  readonly clock: Clock
  readonly source: ZoneSource
  /** of the zones' servers */
  readonly port: number
}

interface Place {
  /** Absent: the name is no zone's apex, and `up` is where to look next. */
  zone?: Zone
  up: string
  foundAt: number
  expiresAt: number
  /** Its servers did not answer: it is not used beyond `expiresAt`. */
  distrusted: boolean
}

const minTtlMs = 5_000
const maxTtlMs = 3_600_000
const maxAgeMs = 2 * maxTtlMs
const maxPlaces = 10_000
const maxNames = 8
const maxServers = 16

export class Zones {
  readonly #options: ZonesOptions
  readonly #places = new Map<string, Place>()
  readonly #looking = new Map<string, Promise<Place | AskFailure>>()

  constructor(options: ZonesOptions) {
    this.#options = options
  }

  /** The closest zone at or above the name. The root is not asked for: a name without a zone below it has none. */
  async find(hostname: string, options: ResolveOptions): Promise<Zone | AskFailure> {
    for (let name = hostname; name !== ''; ) {
      const place = await this.#placeOf(name, options)
      if ('ok' in place) return place
      if (place.zone !== undefined) return place.zone
      name = place.up
    }
    return { ok: false, reason: 'not_found', message: `the system resolver knows no zone that ${hostname} is in` }
  }

  /** None of the zone's servers answered: they are looked up anew, though not more often than every 5 s. */
  distrust({ apex }: Zone): void {
    const place = this.#places.get(apex)
    if (place === undefined) return
    place.distrusted = true
    place.expiresAt = Math.min(place.expiresAt, place.foundAt + minTtlMs)
  }

  /** A place that expired is used while it is looked up anew, so that a failing resolver does not blind this view as well. */
  async #placeOf(name: string, options: ResolveOptions): Promise<Place | AskFailure> {
    const known = this.#places.get(name)
    if (known !== undefined && this.#options.clock.monotonic() < known.expiresAt) return known
    let looking = this.#looking.get(name)
    if (looking === undefined) {
      looking = this.#lookUp(name, known, options).finally(() => this.#looking.delete(name))
      this.#looking.set(name, looking)
    }
    return known !== undefined && !known.distrusted && this.#isKept(known) ? known : looking
  }

  async #lookUp(name: string, known: Place | undefined, options: ResolveOptions): Promise<Place | AskFailure> {
    const kept = known !== undefined && this.#isKept(known) ? known : undefined
    const found = await this.#ask(name, options, kept !== undefined)
    if (!('ok' in found)) return this.#remember(name, carryOver(found, known))
    if (kept === undefined) return found
    kept.expiresAt = this.#options.clock.monotonic() + minTtlMs
    return kept
  }

  #isKept({ foundAt }: Place): boolean {
    return this.#options.clock.monotonic() - foundAt < maxAgeMs
  }

  async #ask(name: string, options: ResolveOptions, known: boolean): Promise<Place | AskFailure> {
    const asked = await this.#options.source.ask({ hostname: name, type: 'NS' }, options)
    // Some servers fail on any NS question below the apex: the zone above tells. But of a place that is known, a resolver
    // says the same while what it asks itself is dead.
    const refused = !asked.ok && (asked.reason === 'server' || asked.reason === 'denied')
    if (refused && !known && parentOf(name) !== '') return this.#place(parentOf(name), 0)
    if (!asked.ok) return { ...asked, message: `cannot find its zone: ${asked.message}` }
    const { answers, soa } = asked.reply
    const servers = answers.filter((record) => record.type === 'NS' && record.name === name)
    if (servers.length === 0) {
      const jump = soa !== undefined && soa.zone !== name && isWithin(name, soa.zone) && soa.zone !== '.'
      return this.#place(jump ? soa.zone : parentOf(name), soa?.ttlSeconds ?? 0)
    }
    const ttl = Math.min(...servers.map((record) => record.ttlSeconds))
    const names = servers.map((record) => record.data).sort()
    return this.#zoneOf(name, names.slice(0, maxNames), ttl, options)
  }

  async #zoneOf(apex: string, names: string[], ttl: number, options: ResolveOptions): Promise<Place | AskFailure> {
    const questions = names.flatMap((hostname): Question[] => [
      { hostname, type: 'A' },
      { hostname, type: 'AAAA' },
    ])
    const polls = await Promise.all(questions.map((question) => this.#options.source.resolve(question, options)))
    const found = new Map<string, ServerAddress>()
    let ttlSeconds = ttl
    for (const family of [0, 1]) {
      for (const poll of polls.filter((_, index) => index % 2 === family)) {
        if (!poll.ok) continue
        ttlSeconds = Math.min(ttlSeconds, poll.snapshot.ttlSeconds ?? Infinity)
        for (const address of poll.snapshot.records) {
          const server = serverAddress(address, this.#options.port)
          if (server !== undefined) found.set(server.text, server)
        }
      }
    }
    const servers = [...found.values()].slice(0, maxServers)
    if (servers.length > 0) {
      return { ...this.#place('', ttlSeconds), zone: { ok: true, apex, servers, preferred: 0, authoritySeen: false } }
    }
    const failure = polls.find((poll) => !poll.ok)
    const why = failure?.ok === false ? `: ${failure.failure.message}` : ''
    const reason = failure?.ok === false ? failure.failure.reason : 'not_found'
    return { ok: false, reason, message: `the servers of zone ${apex} (${names.join(', ')}) have no address${why}` }
  }

  #place(up: string, ttlSeconds: number): Place {
    const now = this.#options.clock.monotonic()
    const ttlMs = Math.min(maxTtlMs, Math.max(minTtlMs, ttlSeconds * 1000))
    return { up, foundAt: now, expiresAt: now + ttlMs, distrusted: false }
  }

  #remember(name: string, place: Place): Place {
    this.#places.delete(name)
    const [oldest] = this.#places.keys()
    if (oldest !== undefined && this.#places.size >= maxPlaces) this.#places.delete(oldest)
    this.#places.set(name, place)
    return place
  }
}

/** What was learned of the servers stays over a refresh. */
function carryOver(place: Place, known: Place | undefined): Place {
  if (place.zone !== undefined && known?.zone !== undefined) place.zone.authoritySeen = known.zone.authoritySeen
  const before = known?.zone?.servers[known.zone.preferred]?.text
  if (place.zone === undefined || before === undefined) return place
  place.zone.preferred = Math.max(
    0,
    place.zone.servers.findIndex((server) => server.text === before),
  )
  return place
}

function parentOf(name: string): string {
  const dot = name.indexOf('.')
  return dot === -1 ? '' : name.slice(dot + 1)
}
