/**
 * Requests to one Kubernetes API over connections of our own: each wait has a bound, and `dialAnew` closes every
 * connection, so that the next request looks the name up again and dials an address that is in DNS now.
 */
import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http'
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https'
import { isIP } from 'node:net'
import type { Clock } from '../../core/clock.ts'
import { errorCode } from '../../core/errors.ts'
import type { FindAddresses } from '../dns/host-addresses.ts'
import { Lookups } from '../dns/lookup.ts'
import { readBody } from './body.ts'
import type { Bounds } from './bounds.ts'
import { type Credentials, CredentialsError, type Target } from './credentials.ts'
import {
  type Asked,
  DeadlineError,
  describe,
  failureOfError,
  failureOfStatus,
  type KubernetesFailure,
  type Reply,
} from './failures.ts'

export interface ClientOptions {
  readonly credentials: Credentials
  readonly clock: Clock
  readonly bounds: Bounds
  /** Asked anew for each dial. Never getaddrinfo: a name without a server would hold up those of other clusters. */
  readonly addressesOf: FindAddresses
}

export interface Ask {
  readonly verb: Asked['verb']
  /** `nodes`, for messages */
  readonly plural: string
  /** path and query below the server's URL */
  readonly path: string
  /** JSON; with it the request is a POST. */
  readonly body?: string
  /** From the request on a connection to the headers of the answer. */
  readonly headersMs: number
  readonly signal: AbortSignal
}

const errorBodyBytes = 16_384
const errorBodyMs = 2_000

export class KubernetesClient {
  readonly #options: ClientOptions
  readonly #lookups: Lookups
  readonly #agents: { readonly http: HttpAgent; readonly https: HttpsAgent }
  #server = ''
  #address: string | undefined
  #dialledAt = 0

  constructor(options: ClientOptions) {
    this.#options = options
    this.#lookups = new Lookups(options.addressesOf)
    const dial = {
      keepAlive: true,
      autoSelectFamily: true,
      autoSelectFamilyAttemptTimeout: options.bounds.addressMs,
      lookup: this.#lookups.lookup,
    }
    this.#agents = { http: new HttpAgent(dial), https: new HttpsAgent(dial) }
  }

  /** The URL without credentials; empty before the first request. */
  get server(): string {
    return this.#server
  }

  /** The address last dialled. */
  get address(): string | undefined {
    return this.#address
  }

  get connectionAgeMs(): number {
    return this.#options.clock.monotonic() - this.#dialledAt
  }

  /** An answer with status 200, or 201 to a POST, its body still to be read; 401 once reads the credentials anew. */
  async ask(ask: Ask): Promise<Reply<IncomingMessage>> {
    const reply = await this.#attempt(ask)
    if (reply.ok || reply.failure.status !== 401) return reply
    this.#options.credentials.refresh()
    return this.#attempt(ask)
  }

  /** Closes every connection of this client, and gives up those that are being made. */
  dialAnew(): void {
    this.#lookups.cancel()
    this.#agents.http.destroy()
    this.#agents.https.destroy()
  }

  refreshCredentials(): void {
    this.#options.credentials.refresh()
  }

  async #attempt(ask: Ask): Promise<Reply<IncomingMessage>> {
    const { clock } = this.#options
    const asked = { verb: ask.verb, plural: ask.plural, server: this.#server || 'the Kubernetes API' }
    try {
      const target = await this.#options.credentials.target()
      this.#server = target.server.href.replace(/\/$/, '')
      asked.server = this.#server
      const response = await this.#send(target, ask)
      if (response.statusCode === (ask.body === undefined ? 200 : 201))
        return { ok: true, atMs: clock.now(), snapshot: response }
      const body = await readText(response)
      const failure = failureOfStatus(asked, response.statusCode ?? 0, body, response.headers['retry-after'])
      return { ok: false, atMs: clock.now(), failure }
    } catch (error) {
      const failure =
        error instanceof CredentialsError ? credentialsFailure(asked, error) : failureOfError(asked, error)
      return { ok: false, atMs: clock.now(), failure }
    }
  }

  async #send(target: Target, ask: Ask): Promise<IncomingMessage> {
    try {
      return await this.#dispatch(target, ask)
    } catch (error) {
      // The server closed an idle connection just as we wrote to it: nothing was wrong, a new one works.
      if (!(error instanceof StaleConnection)) throw error
      this.dialAnew()
      return await this.#dispatch(target, ask)
    }
  }

  #dispatch(target: Target, ask: Ask): Promise<IncomingMessage> {
    const { lookupMs, connectMs } = this.#options.bounds
    const secure = target.server.protocol === 'https:'
    const url = new URL(`${target.server.pathname.replace(/\/$/, '')}${ask.path}`, target.server)
    const { body, signal } = ask
    const type = body === undefined ? {} : { 'content-type': 'application/json' }
    const headers = { ...target.headers, accept: 'application/json', 'user-agent': 'elb-churn-exporter', ...type }
    const options = { method: body === undefined ? 'GET' : 'POST', headers, signal }
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
    const request = secure
      ? httpsRequest(url, { ...target.tls, agent: this.#agents.https, ...options })
      : httpRequest(url, { agent: this.#agents.http, ...options })
    const bound = (ms: number, what: string) =>
      setTimeout(() => request.destroy(new DeadlineError(`${what} within ${ms} ms`)), ms)
    const named = isIP(url.hostname.replace(/^\[|\]$/g, '')) === 0
    let timer = named ? bound(lookupMs, `no address of ${url.hostname}`) : bound(connectMs, 'no connection')
    const next = (ms: number, what: string) => {
      clearTimeout(timer)
      timer = bound(ms, what)
    }
    const connected = () => next(ask.headersMs, 'no answer')
    request.on('socket', (socket) => {
      if (request.reusedSocket) return connected()
      socket.once('lookup', () => next(connectMs, 'no connection'))
      socket.once(secure ? 'secureConnect' : 'connect', () => {
        this.#dialled(socket.remoteAddress)
        connected()
      })
    })
    request.on('response', (response) => {
      clearTimeout(timer)
      resolve(response)
    })
    request.on('error', (error) => {
      clearTimeout(timer)
      const stale = request.reusedSocket && ['ECONNRESET', 'EPIPE'].includes(errorCode(error))
      reject(stale ? new StaleConnection() : error)
    })
    request.end(body)
    return promise
  }

  #dialled(address: string | undefined): void {
    this.#address = address
    this.#dialledAt = this.#options.clock.monotonic()
  }
}

/** The files of the credentials may be fine, and this process unable to open one more. */
function credentialsFailure(asked: Asked, error: CredentialsError): KubernetesFailure {
  const failure = failureOfError(asked, error.cause)
  if (failure.reason === 'limit') return failure
  return { reason: 'expired', message: `${describe(asked)}: ${error.message}` }
}

class StaleConnection extends Error {}

/** The start of an answer that tells of a failure; whatever hinders it, the status is told. */
async function readText(response: IncomingMessage): Promise<string> {
  const parts: Buffer[] = []
  try {
    const errorBody = { totalMs: errorBodyMs, bytes: errorBodyBytes }
    await readBody(response, 'an error', errorBody, (part) => parts.push(part))
  } catch {
    // A cut answer: what came is enough.
  }
  return Buffer.concat(parts).toString('utf8', 0, errorBodyBytes)
}
