/** What stands before every request, whatever its path: limits, headers, authentication. Nothing behind sees the others. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { constants, Http2ServerRequest, Http2ServerResponse } from 'node:http2'
import type { Clock } from '../core/clock.ts'
import { Authenticator } from './config/authenticator.ts'
import type { WebConfigInForce } from './config/in-force.ts'
import { RateLimiter } from './config/rate-limiter.ts'
import type { Connection, Connections } from './connections.ts'
import { InFlight } from './in-flight.ts'
import type { Limits } from './limits.ts'

export type Handler = (request: IncomingMessage, response: ServerResponse) => void

export interface GateDeps {
  /** undefined: everybody may */
  readonly inForce: WebConfigInForce | undefined
  readonly limits: Limits
  readonly clock: Clock
  readonly connections: Connections
}

export class Gate {
  readonly #inForce: WebConfigInForce | undefined
  readonly #limits: Limits
  readonly #connections: Connections
  readonly #inFlight: InFlight
  readonly #rateLimiter: RateLimiter | undefined
  readonly #authenticator = new Authenticator()
  readonly #ends = new WeakMap<ServerResponse, NodeJS.Timeout>()

  constructor({ inForce, limits, clock, connections }: GateDeps) {
    this.#inForce = inForce
    this.#limits = limits
    this.#connections = connections
    this.#inFlight = new InFlight(limits.maxRequests)
    const rateLimit = inForce?.current().rateLimit
    this.#rateLimiter = rateLimit && new RateLimiter(rateLimit, clock)
  }

  guard(handler: Handler): Handler {
    return (request, response) => {
      const connection = this.#begin(request, response)
      if (connection === undefined) return
      const letIn = () => {
        connection.trusted = true
        this.#letIn(handler, request, response)
      }
      // A client that reads a byte now and then would hold the whole answer for ever.
      this.#endWithin(response, this.#limits.answerMs)
      if (request instanceof Http2ServerRequest) this.#boundBody(request)
      const config = this.#inForce?.current()
      response.setHeader('X-Content-Type-Options', 'nosniff')
      for (const [name, value] of config?.headers ?? []) response.setHeader(name, value)
      if (this.#rateLimiter?.allow() === false) return this.#sendAway(response, 429, 'Too Many Requests')
      if (config?.users === undefined) return letIn()
      this.#authenticator.check(request.headers.authorization, config.users).then(
        (verdict) => {
          if (response.destroyed) return
          if (verdict === 'allowed') return letIn()
          if (verdict === 'busy') return this.#sendAway(response, 503, 'Too many logins under way; try again.')
          response.setHeader('WWW-Authenticate', 'Basic')
          this.#sendAway(response, 401, 'Unauthorized')
        },
        () => this.#sendAway(response, 500, 'Internal Server Error'),
      )
    }
  }

  /** What the HTTP/1.1 server of Node does by itself: a body ends in time, however slowly its client sends it. */
  #boundBody({ stream }: Http2ServerRequest): void {
    if (stream.endAfterHeaders) return
    const cut = setTimeout(() => {
      const ended = stream.state.state === constants.NGHTTP2_STREAM_STATE_HALF_CLOSED_REMOTE
      if (!ended) stream.close(constants.NGHTTP2_CANCEL)
    }, this.#limits.requestMs)
    stream.once('close', () => clearTimeout(cut))
  }

  /** Only here a request counts among those under way: a stranger must not take the place of those who may ask. */
  #letIn(handler: Handler, request: IncomingMessage, response: ServerResponse): void {
    if (hosts(request) > 1) this.#sendAway(response, 400, 'More than one Host.')
    else if (this.#inFlight.enter(response)) handler(request, response)
    else this.#sendAway(response, 503, 'Too many requests under way; try again.')
  }

  #sendAway(response: ServerResponse, code: number, text: string): void {
    // Reading so little takes no time; whoever does not read it is not waited for.
    this.#endWithin(response, this.#limits.refusalMs)
    response.statusCode = code
    response.setHeader('Content-Type', 'text/plain; charset=utf-8')
    response.end(`${text}\n`)
  }

  /** The client reads its answer within that time from now, or loses it; of several times the last counts. */
  #endWithin(response: ServerResponse, ms: number): void {
    const known = this.#ends.has(response)
    clearTimeout(this.#ends.get(response))
    this.#ends.set(
      response,
      setTimeout(() => cutOff(response), ms),
    )
    if (!known) response.once('close', () => clearTimeout(this.#ends.get(response)))
  }

  /**
   * undefined: there is nobody to answer. The parser goes on with what it has read: a client that pipelines would have
   * thousands of answers made in one turn of the event loop, and could leave them in memory without reading any.
   */
  #begin(request: IncomingMessage, response: ServerResponse): Connection | undefined {
    const connection = this.#connections.of(request, response)
    if (connection === undefined) return undefined
    // The streams of HTTP/2 are bounded by its settings.
    if (request.httpVersionMajor === 1 && connection.open >= this.#limits.maxPipelined) {
      connection.socket.destroy()
      return undefined
    }
    connection.begin(response)
    return connection
  }
}

/** With HTTP/2 only the one stream, by an error: without one an answer cut short could pass for a whole one. */
function cutOff(response: ServerResponse | Http2ServerResponse): void {
  if (response instanceof Http2ServerResponse) response.stream.close(constants.NGHTTP2_CANCEL)
  else response.destroy()
}

/** RFC 9112, section 3.2: with more than one, what stands before could mean another server than this one. */
function hosts({ rawHeaders }: IncomingMessage): number {
  return rawHeaders.filter((text, index) => index % 2 === 0 && text.toLowerCase() === 'host').length
}
