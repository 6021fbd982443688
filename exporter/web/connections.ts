/** The connections that stand, and what goes on in each: who may be sent away for another, and who asks for too much. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { Http2ServerResponse } from 'node:http2'
import type { Socket } from 'node:net'

export class Connection {
  readonly socket: Socket
  /** Requests without a whole answer. */
  open = 0

  constructor(socket: Socket) {
    this.socket = socket
  }

  /** Counts a request until its client has read the answer or is gone. */
  begin(response: Pick<ServerResponse, 'once'>): void {
    this.open += 1
    response.once('close', () => {
      this.open -= 1
    })
  }
}

export class Connections {
  readonly #standing = new Map<string, Connection>()
  /** What a request knows of its connection: a socket, plain or of TLS, or a session of HTTP/2. */
  readonly #carriers = new WeakMap<object, Connection>()

  /** `socket` is the one of TCP, whatever is spoken on it. */
  add(socket: Socket): void {
    const connection = new Connection(socket)
    const key = keyOf(socket)
    this.#standing.set(key, connection)
    this.#carriers.set(socket, connection)
    socket.once('close', () => this.#standing.get(key) === connection && this.#standing.delete(key))
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

function keyOf({ localAddress, localPort, remoteAddress, remotePort }: Socket): string {
  return `${localAddress} ${localPort} ${remoteAddress} ${remotePort}`
}
