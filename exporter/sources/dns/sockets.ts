/** UDP to many servers: sockets on unpredictable ports, shared by many queries (RFC 5452 9.2). */
import { randomInt } from 'node:crypto'
import type { Clock } from '../../core/clock.ts'
import { Aborts } from './aborts.ts'
import { Deadlines } from './deadlines.ts'
import { type PacketOptions, type PacketResult, PendingQuery } from './pending-query.ts'
import { codeOf, QuerySocket } from './query-socket.ts'
import type { ServerAddress } from './server-address.ts'
import type { EncodedQuestion } from './wire.ts'

/** A reply is taken note of so many time-outs after its own, and then its socket is closed. */
const lateTimeouts = 3

export interface UdpSocketsOptions {
  readonly clock: Clock
  readonly timeoutMs: number
  /** Sockets open at a time for one server; each query takes one of them at random. */
  readonly socketsPerServer: number
  /** A socket is replaced, by one on another port, after so many queries. */
  readonly queriesPerSocket: number
  /** ... or after so long: its address and its path are those of the moment when it was connected. */
  readonly socketAgeMs: number
  /** Beyond so many servers the sockets of the one longest unused are closed. */
  readonly maxServers: number
}

interface ReadySocket {
  readonly socket: QuerySocket
  readonly openedAt: number
}

interface ServerSockets {
  ready: readonly ReadySocket[]
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
    return socket === undefined ? this.#openAndSend(server, asked, options) : this.#send(server, socket, asked, options)
  }

  async #openAndSend(server: ServerAddress, asked: EncodedQuestion, options: PacketOptions): Promise<PacketResult> {
    const socket = await this.#open(server)
    if (typeof socket !== 'string') return this.#send(server, socket, asked, options)
    return { ok: false, reason: 'network', message: `cannot send: ${socket}`, durationMs: 0 }
  }

  #send(
    server: ServerAddress,
    socket: QuerySocket,
    asked: EncodedQuestion,
    options: PacketOptions,
  ): Promise<PacketResult> {
    return new Promise((resolve) => {
      const { clock, timeoutMs } = this.#options
      const onSettled = (result: PacketResult): void => {
        this.#deadlines.remove(query)
        if (!result.ok) this.#retireAfter(result.reason, server, query.startedAt)
        resolve(result)
      }
      const { onDrop } = options
      const query = new PendingQuery({ asked, clock, timeoutMs, socket, server: server.text, onDrop, onSettled })
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
      for (const { socket } of ready) {
        socket.retire()
        socket.fail('closed')
      }
    }
    this.#servers.clear()
  }

  /** A random one of the server's sockets; opens more on the way, without waiting for them. */
  #pick(server: ServerAddress): QuerySocket | undefined {
    this.#retireOpenedBy(server, this.#options.clock.monotonic() - this.#options.socketAgeMs)
    const sockets = this.#socketsOf(server)
    const { ready } = sockets
    if (ready.length < this.#options.socketsPerServer && sockets.opening === undefined) void this.#open(server)
    const picked = ready[ready.length === 0 ? 0 : randomInt(ready.length)]
    if (picked === undefined) return undefined
    const { socket } = picked
    if (socket.sent + 1 >= this.#options.queriesPerSocket) {
      sockets.ready = ready.filter((other) => other !== picked)
      // After this packet is on its way.
      queueMicrotask(() => socket.retire())
    }
    return socket
  }

  #retireAfter(failure: string, server: ServerAddress, sentAt: number): void {
    if (failure === 'network') this.#retireOpenedBy(server, sentAt)
    // Late replies are still told apart from none.
    if (failure === 'timeout') this.#retireOpenedBy(server, sentAt, lateTimeouts * this.#options.timeoutMs)
  }

  /**
   * A connected socket keeps the address of this machine and the entries of the NAT on the way (a Service's pod that is
   * gone) as they were when it was opened. So where one does not get through, none of its age is used again.
   */
  #retireOpenedBy(server: ServerAddress, atMs: number, lingerMs = 0): void {
    const sockets = this.#servers.get(server.text)
    if (sockets === undefined || !sockets.ready.some(({ openedAt }) => openedAt <= atMs)) return
    for (const { socket, openedAt } of sockets.ready) {
      if (openedAt > atMs) continue
      if (lingerMs === 0) socket.retire()
      else void this.#options.clock.sleep(lingerMs, this.#closing.signal).then(() => socket.retire())
    }
    sockets.ready = sockets.ready.filter(({ openedAt }) => openedAt > atMs)
  }

  /** A new socket, or the error code. */
  #open(server: ServerAddress): Promise<QuerySocket | string> {
    const sockets = this.#socketsOf(server)
    sockets.opening ??= QuerySocket.open(server).then(
      (socket) => {
        sockets.opening = undefined
        const openedAt = this.#options.clock.monotonic()
        if (this.#servers.get(server.text) === sockets) sockets.ready = [...sockets.ready, { socket, openedAt }]
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
    for (const { socket } of longestUnused[1].ready) socket.retire()
  }
}
