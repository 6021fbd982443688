/** UDP to many servers: sockets on unpredictable ports, shared by many queries (RFC 5452 9.2). */
import { randomInt } from 'node:crypto'
import type { Clock } from '../../core/clock.ts'
import { Aborts } from './aborts.ts'
import { Deadlines } from './deadlines.ts'
import { type PacketOptions, type PacketResult, PendingQuery } from './pending-query.ts'
import { codeOf, QuerySocket } from './query-socket.ts'
import type { ServerAddress } from './server-address.ts'
import type { EncodedQuestion } from './wire.ts'

export interface UdpSocketsOptions {
  readonly clock: Clock
  readonly timeoutMs: number
  /** Sockets open at a time for one server; each query takes one of them at random. */
  readonly socketsPerServer: number
  /** A socket is replaced, by one on another port, after so many queries. */
  readonly queriesPerSocket: number
  /** Beyond so many servers the sockets of the one longest unused are closed. */
  readonly maxServers: number
}

interface ServerSockets {
  readonly ready: QuerySocket[]
  lastUsed: number
  opening: Promise<QuerySocket | string> | undefined
}

export class UdpSockets {
  readonly #options: UdpSocketsOptions
  readonly #closing = new AbortController()
  readonly #aborts = new Aborts()
  readonly #deadlines: Deadlines
  readonly #servers = new Map<string, ServerSockets>()

  constructor(options: UdpSocketsOptions) {
    this.#options = options
    this.#deadlines = new Deadlines(options.clock, this.#closing.signal)
  }

  /** Sends one packet and waits for the reply that fits it. Never rejects. */
  ask(server: ServerAddress, asked: EncodedQuestion, options: PacketOptions): Promise<PacketResult> {
    const socket = this.#pick(server)
    return socket === undefined ? this.#openAndSend(server, asked, options) : this.#send(socket, asked, options)
  }

  async #openAndSend(server: ServerAddress, asked: EncodedQuestion, options: PacketOptions): Promise<PacketResult> {
    const socket = await this.#open(server)
    if (typeof socket !== 'string') return this.#send(socket, asked, options)
    return { ok: false, reason: 'network', message: `cannot send: ${socket}`, durationMs: 0 }
  }

  #send(socket: QuerySocket, asked: EncodedQuestion, options: PacketOptions): Promise<PacketResult> {
    return new Promise((resolve) => {
      const { clock, timeoutMs } = this.#options
      const query = new PendingQuery({ asked, clock, timeoutMs, socket, onDrop: options.onDrop, resolve })
      if (options.signal.aborted || this.#closing.signal.aborted) {
        query.abort()
        return
      }
      query.stopListening = this.#aborts.add(options.signal, () => query.abort())
      this.#deadlines.add(query)
      socket.send(query)
    })
  }

  close(): void {
    this.#closing.abort()
    for (const { ready } of this.#servers.values()) {
      for (const socket of ready) {
        socket.retire()
        socket.fail('closed')
      }
    }
    this.#servers.clear()
  }

  /** A random one of the server's sockets; opens more on the way, without waiting for them. */
  #pick(server: ServerAddress): QuerySocket | undefined {
    const sockets = this.#socketsOf(server)
    const { ready } = sockets
    if (ready.length < this.#options.socketsPerServer && sockets.opening === undefined) void this.#open(server)
    const index = ready.length === 0 ? 0 : randomInt(ready.length)
    const socket = ready[index]
    if (socket !== undefined && socket.sent + 1 >= this.#options.queriesPerSocket) {
      ready.splice(index, 1)
      // After this packet is on its way.
      queueMicrotask(() => socket.retire())
    }
    return socket
  }

  /** A new socket, or the error code. */
  #open(server: ServerAddress): Promise<QuerySocket | string> {
    const sockets = this.#socketsOf(server)
    sockets.opening ??= QuerySocket.open(server).then(
      (socket) => {
        sockets.opening = undefined
        if (this.#servers.get(server.text) === sockets) sockets.ready.push(socket)
        else socket.retire()
        return socket
      },
      (error: Error) => {
        sockets.opening = undefined
        return codeOf(error)
      },
    )
    return sockets.opening
  }

  #socketsOf(server: ServerAddress): ServerSockets {
    const now = this.#options.clock.monotonic()
    const known = this.#servers.get(server.text)
    if (known !== undefined) {
      known.lastUsed = now
      return known
    }
    if (this.#servers.size >= this.#options.maxServers) this.#dropLongestUnused()
    const sockets: ServerSockets = { ready: [], opening: undefined, lastUsed: now }
    this.#servers.set(server.text, sockets)
    return sockets
  }

  #dropLongestUnused(): void {
    const [longestUnused] = [...this.#servers].sort(([, left], [, right]) => left.lastUsed - right.lastUsed)
    if (longestUnused === undefined) return
    this.#servers.delete(longestUnused[0])
    for (const socket of longestUnused[1].ready) socket.retire()
  }
}
