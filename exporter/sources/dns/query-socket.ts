import { randomInt } from 'node:crypto'
import { createSocket, type Socket } from 'node:dgram'
import type { DropReason } from './client.ts'
import type { ServerAddress } from './server-address.ts'
import { type EncodedQuestion, idOf, maxUdpBytes, type Reply, readReply, withId } from './wire.ts'

/**
 * Asked of the kernel, which gives what it may. Its default holds 256 small replies or 92 of 1232 bytes, and a first run
 * asks more than that at once.
 */
const receiveBufferBytes = 1024 * 1024

export type LateListener = (server: string, reason: DropReason) => void

/** One packet sent, waiting for its reply. */
export interface PendingPacket {
  readonly asked: EncodedQuestion
  /** set by the socket that sends it */
  id: number
  /** Told of replies to it that come when it waits no longer. It is kept for long, so it holds nothing but what that needs. */
  readonly lateListener: LateListener | undefined
  onReply(reply: Reply): void
  onDrop(reason: DropReason): void
  onSocketError(code: string): void
}

/**
 * One connected UDP socket, so that the kernel lets in only what the server's address and port sent. Queries in flight
 * are told apart by random ids, none used twice while the socket lives: a late reply can never fit a later query.
 */
export class QuerySocket {
  readonly #socket: Socket
  readonly #server: string
  readonly #pending = new Map<number, PendingPacket>()
  /** Ids that were asked, in flight or done, and who is told of late replies: bounded, since a socket is replaced. */
  readonly #asked = new Map<number, LateListener | undefined>()
  #latest: PendingPacket | undefined
  #retired = false
  #closed = false

  private constructor(socket: Socket, server: string) {
    this.#socket = socket
    this.#server = server
    socket.on('message', (message) => this.#onMessage(message))
    socket.on('error', (error) => this.fail(codeOf(error)))
  }

  /** The port is the kernel's random choice and not known before. Rejects with the system's error. */
  static open(server: ServerAddress): Promise<QuerySocket> {
    return new Promise((resolve, reject) => {
      const socket = createSocket({
        type: server.family === 4 ? 'udp4' : 'udp6',
        recvBufferSize: receiveBufferBytes,
        // Addresses already; the default would go through the name service. It is asked for the server's, and for the
        // wildcard address that the socket is bound to before.
        lookup: (host, _options, found) => found(null, host, server.family),
      })
      const refuse = (error: Error) => {
        socket.close()
        reject(error)
      }
      socket.once('error', refuse)
      socket.connect(server.port, server.address, (error?: Error) => {
        socket.off('error', refuse)
        if (error instanceof Error) refuse(error)
        else resolve(new QuerySocket(socket, server.text))
      })
    })
  }

  get sent(): number {
    return this.#asked.size
  }

  send(packet: PendingPacket): void {
    packet.id = this.#freshId()
    this.#pending.set(packet.id, packet)
    this.#asked.set(packet.id, packet.lateListener)
    this.#latest = packet
    try {
      // No callback: what fails later comes as the socket's error.
      this.#socket.send(withId(packet.asked, packet.id))
    } catch (error) {
      packet.onSocketError(codeOf(error))
    }
  }

  /** The packet's asker waits no longer. */
  forget(packet: PendingPacket): void {
    this.#pending.delete(packet.id)
    if (this.#retired && this.#pending.size === 0) this.#close()
  }

  /** No more queries will come; those in flight still get their replies. */
  retire(): void {
    this.#retired = true
    if (this.#pending.size === 0) this.#close()
  }

  /** Everything in flight ends with this error; each asker forgets its packet. */
  fail(code: string): void {
    for (const packet of [...this.#pending.values()]) packet.onSocketError(code)
  }

  #close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#socket.close()
  }

  #freshId(): number {
    for (;;) {
      const id = randomInt(0x10000)
      if (!this.#asked.has(id)) return id
    }
  }

  #onMessage(message: Buffer): void {
    const id = idOf(message)
    if (id === undefined) {
      this.#latest?.onDrop('malformed')
      return
    }
    const packet = this.#pending.get(id)
    if (packet === undefined) {
      if (this.#asked.has(id)) this.#asked.get(id)?.(this.#server, 'late')
      else this.#latest?.onDrop('mismatched')
      return
    }
    const reading = readReply(message, packet.asked, maxUdpBytes)
    if (reading.ok) packet.onReply(reading.reply)
    else packet.onDrop(reading.drop)
  }
}

/** The system's code (`ECONNREFUSED`) where there is one. */
export function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return 'code' in error && typeof error.code === 'string' ? error.code : error.message
}
