/**
 * The server in front of the routes: HTTP/1.1, or with a certificate TLS with HTTP/1.1 and HTTP/2 by ALPN.
 *
 * The HTTP server is the one that listens, since its own time-outs run only then. With TLS a server of `node:tls` stands
 * between: it never listens, gets each new connection, and is replaced as a whole when the files change. Connections
 * that stand are left alone, and no session of before resumes under other rules.
 */
import type { Server } from 'node:http'
import { constants, createServer as createHttp2Server, type Http2Server, type ServerHttp2Session } from 'node:http2'
import type { Socket } from 'node:net'
import { createServer as createTlsServer, type Server as TlsServer } from 'node:tls'
import type { Clock } from '../core/clock.ts'
import type { Logger } from '../service/log.ts'
import { handshakeOptions, refusal } from './config/client-policy.ts'
import type { WebConfigInForce } from './config/in-force.ts'
import { serverOptions } from './config/tls-options.ts'
import type { TlsConfig } from './config/web-config.ts'
import { Connections } from './connections.ts'
import { Gate, type Handler } from './gate.ts'
import { defaultLimits, type Limits } from './limits.ts'

/** An import of this module by name would read all that it has, and with that load Node's whole fetch: 3 MB resident. */
const { createServer } = process.getBuiltinModule('node:http')

export interface FrontOptions {
  readonly clock: Clock
  readonly limits?: Limits
  /** undefined: plain HTTP for everybody */
  readonly secured?: { readonly inForce: WebConfigInForce; readonly log: Logger }
}

export class Front {
  readonly scheme: 'http' | 'https'
  readonly limits: Limits
  readonly #options: FrontOptions
  readonly #gate: Gate
  readonly #http2: boolean
  readonly #connections: Connections
  readonly #sessions = new Set<ServerHttp2Session>()

  constructor(options: FrontOptions) {
    this.#options = options
    this.limits = options.limits ?? defaultLimits
    const { limits } = this
    const { clock, secured } = options
    const inForce = secured?.inForce
    this.#connections = new Connections(limits.maxConnections, clock)
    this.#gate = new Gate({ inForce, limits, clock, connections: this.#connections })
    const first = inForce?.current()
    this.scheme = first?.tls === undefined ? 'http' : 'https'
    this.#http2 = first?.http2 === true
  }

  /** The server that listens; it may be asked for one per address. */
  server(handler: Handler): Server {
    const { limits } = this
    const server = createServer({
      maxHeaderSize: limits.maxHeaderBytes,
      headersTimeout: limits.headersMs,
      requestTimeout: limits.requestMs,
      keepAliveTimeout: limits.idleMs,
      connectionsCheckingInterval: limits.checkEveryMs,
    })
    this.#answer(server, handler)
    server.setTimeout(limits.idleMs)
    if (this.scheme === 'https') this.#terminateTls(server, handler)
    server.prependListener('connection', (socket: Socket) => this.#connections.add(socket))
    return server
  }

  /** true where the web config in force is not what its file says. */
  webConfigRefused(): boolean {
    return this.#options.secured?.inForce.refused() === true
  }

  /** No new requests on HTTP/2 connections; those under way may end. HTTP/1.1 connections are the server's own to close. */
  drain(): void {
    for (const session of this.#sessions) session.close()
  }

  /** Ends every connection, whatever goes on in it. */
  cut(): void {
    this.#connections.destroyAll()
  }

  /**
   * Also what Node would answer by itself, before headers, rate limit and password. Requests and responses of HTTP/2 keep
   * to the interface of HTTP/1.1 in all that gate and routes use.
   */
  #answer(server: NodeJS.EventEmitter, handler: Handler): void {
    const guarded = this.#gate.guard(handler)
    server.on('request', guarded)
    server.on('checkExpectation', guarded)
    const wanted: Handler = (request, response) => {
      response.writeContinue()
      handler(request, response)
    }
    server.on('checkContinue', this.#gate.guard(wanted))
  }

  #terminateTls(server: Server, handler: Handler): void {
    const serveHttp1 = server.listeners('connection')
    server.removeAllListeners('connection')
    const http2 = this.#http2Server(handler)
    const serve = (socket: Socket, protocol: string | false | null) => {
      if (protocol === 'h2') return void http2.emit('connection', socket)
      this.#connections.adopt(socket, socket)
      for (const listener of serveHttp1) listener.call(server, socket)
    }
    let current: { tls: TlsConfig; server: TlsServer } | undefined
    server.on('connection', (socket: Socket) => {
      const tls = this.#options.secured?.inForce.current().tls
      if (tls === undefined) return void socket.destroy()
      if (socket.destroyed) return
      if (current?.tls !== tls) current = { tls, server: this.#tlsServer(tls, serve) }
      // The server of HTTP leaves its sockets half open: one whose client is gone would stand until its handshake is overdue.
      socket.allowHalfOpen = false
      current.server.emit('connection', socket)
    })
  }

  #tlsServer(tls: TlsConfig, serve: (socket: Socket, protocol: string | false | null) => void): TlsServer {
    const log = this.#options.secured?.log
    const { clients } = tls
    const server = createTlsServer({
      ...serverOptions(tls),
      ...handshakeOptions(clients),
      ALPNProtocols: this.#http2 ? ['h2', 'http/1.1'] : ['http/1.1'],
      handshakeTimeout: this.limits.handshakeMs,
    })
    server.on('secureConnection', (socket) => {
      const why = refusal(clients, socket)
      if (why === undefined) return serve(socket, socket.alpnProtocol)
      log?.warn({ client: socket.remoteAddress, err: why }, 'client sent away after its TLS handshake')
      socket.destroy()
    })
    server.on('tlsClientError', (error: NodeJS.ErrnoException, socket) => {
      const err = socket.authorizationError ?? error.code ?? error.message
      log?.debug({ client: socket.remoteAddress, err: String(err) }, 'TLS handshake failed')
      socket.destroy()
    })
    return server
  }

  #http2Server(handler: Handler): Http2Server {
    const { limits } = this
    const settings = {
      maxConcurrentStreams: limits.maxStreams,
      maxHeaderListSize: limits.maxHeaderBytes,
      // More than that of a body comes only where a route reads it, and none waits for more.
      initialWindowSize: limits.maxBodyBytes,
    }
    const server = createHttp2Server({ settings })
    this.#answer(server, handler)
    // With HTTP/1.1 nobody listens, and Node closes the connection.
    server.on(
      'connect',
      this.#gate.guard((_request, response) => void response.writeHead(405).end()),
    )
    server.setTimeout(limits.idleMs)
    server.on('session', (session) => {
      this.#connections.adopt(session, session.socket)
      this.#sessions.add(session)
      session.once('close', () => this.#sessions.delete(session))
      boundIdle(session, limits.idleMs)
      // Node counts what a reset stream had not sent against its session for ever, until it refuses every new stream.
      session.on('stream', (stream) => {
        stream.once('close', () => stream.rstCode !== constants.NGHTTP2_NO_ERROR && session.close())
      })
    })
    return server
  }
}

/** Node's own bound of a connection on which nothing moves begins anew with each PING of the client. */
function boundIdle(session: ServerHttp2Session, idleMs: number): void {
  let open = 0
  const timer = setTimeout(() => open === 0 && session.destroy(), idleMs)
  session.on('stream', (stream) => {
    open += 1
    stream.once('close', () => {
      open -= 1
      timer.refresh()
    })
  })
  session.once('close', () => clearTimeout(timer))
}
