/** The way between the exporter and a nameserver, on which packets are lost, late, doubled, out of order, or forged. */
import { createSocket, type Socket as UdpSocket } from 'node:dgram'
import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'
import type { LabDns } from '../lab/dns-server.ts'

/** What happens to one reply. */
export type Way = (reply: Buffer, out: Out) => void

export interface Out {
  /** From where the query went to. */
  send(packet: Buffer, afterMs?: number): void
  /** From another port, or another address, of the same machine. */
  sendFrom(elsewhere: 'port' | 'address', packet: Buffer): void
}

const replyWaitMs = 10_000
const otherAddress = '127.0.0.9'
const attempts = 10

export const straight: Way = (reply, { send }) => send(reply)

export class DnsPath {
  way: Way = straight
  readonly #server: LabDns
  readonly #front: UdpSocket
  readonly #strangers: Readonly<Record<'port' | 'address', UdpSocket>>
  readonly #waiting = new Set<UdpSocket>()
  readonly #connections = new Set<Socket>()
  readonly #timers = new Set<NodeJS.Timeout>()
  #tcp: Server | undefined

  private constructor(server: LabDns) {
    this.#server = server
    this.#front = createSocket('udp4')
    this.#strangers = { port: createSocket('udp4'), address: createSocket('udp4') }
    this.#front.on('message', (query, { port, address }) => this.#forward(query, port, address))
  }

  static async start(server: LabDns): Promise<DnsPath> {
    for (let attempt = 1; ; attempt++) {
      const path = new DnsPath(server)
      try {
        path.#front.bind(0, '127.0.0.1')
        path.#strangers.port.bind(0, '127.0.0.1')
        path.#strangers.address.bind(0, otherAddress)
        await Promise.all([path.#front, ...Object.values(path.#strangers)].map((socket) => once(socket, 'listening')))
        await path.acceptTcp()
        return path
      } catch (error) {
        await path.close()
        // The free UDP port may be taken for TCP.
        if (attempt === attempts) throw error
      }
    }
  }

  /** As the config names a resolver. */
  get address(): string {
    return `127.0.0.1:${this.#front.address().port}`
  }

  async acceptTcp(): Promise<void> {
    const tcp = createServer((near) => {
      const far = connect(this.#server.port, this.#server.host)
      for (const socket of [near, far]) {
        this.#connections.add(socket)
        socket.on('error', () => undefined)
        socket.on('close', () => this.#connections.delete(socket))
      }
      near.pipe(far).pipe(near)
    })
    this.#tcp = tcp
    tcp.listen(this.#front.address().port, '127.0.0.1')
    await once(tcp, 'listening')
  }

  /** TCP connections are refused until `acceptTcp`. */
  async refuseTcp(): Promise<void> {
    const tcp = this.#tcp
    this.#tcp = undefined
    for (const connection of this.#connections) connection.destroy()
    if (tcp?.listening) await new Promise((resolve) => tcp.close(resolve))
  }

  async close(): Promise<void> {
    for (const timer of this.#timers) clearTimeout(timer)
    await this.refuseTcp()
    const sockets = [this.#front, ...Object.values(this.#strangers), ...this.#waiting]
    this.#waiting.clear()
    await Promise.all(sockets.map((socket) => new Promise<void>((resolve) => socket.close(() => resolve()))))
  }

  #forward(query: Buffer, port: number, address: string): void {
    const far = createSocket('udp4')
    this.#waiting.add(far)
    const done = () => {
      if (this.#waiting.delete(far)) far.close()
    }
    this.#later(replyWaitMs, done)
    far.on('message', (reply) => {
      this.way(reply, {
        send: (packet, afterMs = 0) => {
          if (afterMs === 0) this.#front.send(packet, port, address, () => undefined)
          else this.#later(afterMs, () => this.#front.send(packet, port, address, () => undefined))
        },
        sendFrom: (elsewhere, packet) => this.#strangers[elsewhere].send(packet, port, address, () => undefined),
      })
    })
    far.on('error', () => undefined)
    far.send(query, this.#server.port, this.#server.host)
  }

  #later(ms: number, work: () => void): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer)
      work()
    }, ms)
    this.#timers.add(timer)
  }
}

/** A number from 0 to 1, the same row of them in every run (the multiplier is that of Numerical Recipes). */
export function seeded(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}

const headerBytes = 12

/** The reply as a forger makes it who has to guess the id: another one, and an address of the forger's. */
export function forged(reply: Buffer, id: number): Buffer {
  const packet = Buffer.from(reply)
  packet.writeUInt16BE(id & 0xffff, 0)
  const evil = Buffer.from([203, 0, 113, 66])
  const at = packet.indexOf(Buffer.from([10, 0, 0]))
  if (at > 0) evil.copy(packet, at)
  return packet
}

/** A reply whose one record has a name that points at itself, or at another that points back. */
export function compressionLoop(reply: Buffer, how: 'itself' | 'circle'): Buffer {
  const question = reply.subarray(headerBytes, endOfName(reply) + 4)
  const at = headerBytes + question.length
  const header = Buffer.from(reply.subarray(0, headerBytes))
  for (const [offset, count] of [1, 1, 0, 0].entries()) header.writeUInt16BE(count, 4 + 2 * offset)
  const pointer = (to: number) => Buffer.from([0xc0 | (to >> 8), to & 0xff])
  const name = how === 'itself' ? pointer(at) : Buffer.concat([Buffer.from([1, 0x61]), pointer(at)])
  const record = Buffer.from([0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 10, 0, 0, 1])
  return Buffer.concat([header, question, name, record])
}

/** Where the name of the question is over. */
function endOfName(message: Buffer): number {
  let at = headerBytes
  while ((message[at] ?? 0) !== 0) at += (message[at] ?? 0) + 1
  return at + 1
}
