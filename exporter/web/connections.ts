/** The connections that stand, and what goes on in each: who may be sent away for another, and who asks for too much. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { Http2ServerResponse } from 'node:http2'
import type { Socket } from 'node:net'
import type { Clock } from '../core/clock.ts'

export class Connection {
  readonly socket: Socket
  /** Requests without a whole answer. */
  open = 0
  /** Whether the gate let in a request that came by it. */
  trusted = false
  /** Of the opening, and then of the last answer to a request that was let in. */
  idleSinceMs: number
  readonly #clock: Clock

  constructor(socket: Socket, clock: Clock) {
    this.socket = socket
    this.#clock = clock
    this.idleSinceMs = clock.monotonic()
  }

  /** Counts a request until its client has read the answer or is gone. */
  begin(response: Pick<ServerResponse, 'once'>): void {
    this.open += 1
    response.once('close', () => {
      this.open -= 1
      if (this.trusted) this.idleSinceMs = this.#clock.monotonic()
    })
  }
}

export class Connections {
  readonly #standing = new Map<string, Connection>()
  /** What a request knows of its connection: a socket, plain or of TLS, or a session of HTTP/2. */
  readonly #carriers = new WeakMap<object, Connection>()

  readonly #max: number
  readonly #clock: Clock

  constructor(max: number, clock: Clock) {
    this.#max = max
    this.#clock = clock
  }

  /** `socket` is the one of TCP, whatever is spoken on it. Where there are too many one that is idle goes, else this one. */
  add(socket: Socket): void {
    if (this.#standing.size >= this.#max && !this.#makeRoom()) return void socket.destroy()
    const connection = new Connection(socket, this.#clock)
    const key = keyOf(socket)
    this.#standing.set(key, connection)
    this.#carriers.set(socket, connection)
    socket.once('close', () => this.#standing.get(key) === connection && this.#standing.delete(key))
  }

  /** Those go first that never had a request let in, since a stranger may open as many as he likes; then the longest idle. */
  #makeRoom(): boolean {
    let found: [string, Connection] | undefined
    for (const entry of this.#standing) {
      if (entry[1].open === 0 && (found === undefined || goesBefore(entry[1], found[1]))) found = entry
    }
    if (found === undefined) return false
    this.#standing.delete(found[0])
    found[1].socket.destroy()
    return true
  }

  /** `carrier` runs on the connection of `socket`, by itself or by TLS: nothing but its addresses tells on which. */
  adopt(carrier: object, socket: Socket): void {
    const connection = this.#standing.get(keyOf(socket))
    if (connection !== undefined) this.#carriers.set(carrier, connection)
  }

  /** undefined: the connection is gone. */
  of(request: IncomingMessage, response: ServerResponse | Http2ServerResponse): Connection | undefined {
    const carrier = response instanceof Http2ServerResponse ? response.stream.session : request.socket
    const connection = carrier && this.#carriers.get(carrier)
    return connection?.socket.destroyed === false ? connection : undefined
  }

  destroyAll(): void {
    for (const { socket } of this.#standing.values()) socket.destroy()
  }
}

function goesBefore(one: Connection, other: Connection): boolean {
  return one.trusted === other.trusted ? one.idleSinceMs < other.idleSinceMs : other.trusted
}

function keyOf({ localAddress, localPort, remoteAddress, remotePort }: Socket): string {
  return `${localAddress} ${localPort} ${remoteAddress} ${remotePort}`
}
