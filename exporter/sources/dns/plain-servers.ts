import type { Clock } from '../../core/clock.ts'
import type { Reply } from './wire.ts'

const rememberMs = 15 * 60_000
const maxServers = 256

/**
 * A server that does not know EDNS says FORMERR or NOTIMP to a query that has an OPT record, and sends none back
 * (RFC 6891 7). One that knows it and still refuses the query sends OPT.
 */
export function declinesEdns({ rcode, edns }: Reply): boolean {
  return !edns && (rcode === 'FORMERR' || rcode === 'NOTIMP')
}

/** Servers that answered only without EDNS. Each is asked with it again after a while, since servers are upgraded. */
export class PlainServers {
  readonly #clock: Clock
  readonly #until = new Map<string, number>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  has(server: string): boolean {
    const until = this.#until.get(server)
    if (until === undefined) return false
    if (this.#clock.monotonic() < until) return true
    this.#until.delete(server)
    return false
  }

  add(server: string): void {
    this.#until.delete(server)
    const [oldest] = this.#until.keys()
    if (oldest !== undefined && this.#until.size >= maxServers) this.#until.delete(oldest)
    this.#until.set(server, this.#clock.monotonic() + rememberMs)
  }
}
