import { randomInt } from 'node:crypto'
import { connect, type Socket } from 'node:net'
import type { Clock } from '../../core/clock.ts'
import type { DropReason } from './client.ts'
import type { PacketOptions, PacketResult } from './pending-query.ts'
import { codeOf } from './query-socket.ts'
import type { ServerAddress } from './server-address.ts'
import { type EncodedQuestion, idOf, readReply, withId } from './wire.ts'

const maxTcpBytes = 0xffff
const lengthBytes = 2

/** One query over a connection of its own (RFC 7766), bounded by `timeoutMs` from the connect on. Never rejects. */
export async function askOverTcp(
  server: ServerAddress,
  asked: EncodedQuestion,
  clock: Clock,
  timeoutMs: number,
  options: PacketOptions,
): Promise<PacketResult> {
  const startedAt = clock.monotonic()
  const settled = new AbortController()
  const socket = connect({ host: server.address, port: server.port })
  try {
    const result = await Promise.race([
      exchange(socket, asked, (reason) => options.onDrop?.(server.text, reason)),
      whenAborted(options.signal, settled.signal),
      clock.sleep(timeoutMs, settled.signal).then((): Unfinished => {
        return { ok: false, reason: 'timeout', message: `no reply over TCP within ${timeoutMs} ms` }
      }),
    ])
    return { ...result, durationMs: clock.monotonic() - startedAt }
  } finally {
    settled.abort()
    socket.destroy()
  }
}

type WithoutDuration<T> = T extends unknown ? Omit<T, 'durationMs'> : never
type DropListener = (reason: DropReason) => void
type Unfinished = WithoutDuration<PacketResult>

function whenAborted(signal: AbortSignal, settled: AbortSignal): Promise<Unfinished> {
  return new Promise((resolve) => {
    const stop = (): void => resolve({ ok: false, reason: 'aborted', message: 'given up' })
    if (signal.aborted) stop()
    signal.addEventListener('abort', stop, { once: true, signal: settled })
  })
}

function exchange(socket: Socket, asked: EncodedQuestion, drops: DropListener): Promise<Unfinished> {
  const id = randomInt(0x10000)
  return new Promise((resolve) => {
    let received = Buffer.alloc(0)
    socket.on('connect', () => socket.write(framed(withId(asked, id))))
    socket.on('data', (chunk) => {
      received = Buffer.concat([received, chunk])
      const end = received.length < lengthBytes ? Infinity : lengthBytes + received.readUInt16BE(0)
      if (received.length < end) return
      resolve(readMessage(received.subarray(lengthBytes, end), id, asked, drops))
    })
    socket.on('error', (error) => resolve(network(codeOf(error))))
    socket.on('close', () => resolve(network('the connection was closed before the reply')))
  })
}

function framed(packet: Buffer): Buffer {
  const length = Buffer.alloc(lengthBytes)
  length.writeUInt16BE(packet.length)
  return Buffer.concat([length, packet])
}

function readMessage(message: Buffer, id: number, asked: EncodedQuestion, drops: DropListener): Unfinished {
  const reading = readReply(message, asked, maxTcpBytes)
  const drop = idOf(message) !== id ? 'mismatched' : reading.ok ? undefined : reading.drop
  if (drop === undefined && reading.ok && !reading.reply.truncated) return { ok: true, reply: reading.reply }
  drops(drop ?? 'malformed')
  return { ok: false, reason: 'malformed', message: `a reply over TCP that is ${drop ?? 'truncated'}` }
}

function network(why: string): Unfinished {
  return { ok: false, reason: 'network', message: `cannot be reached over TCP: ${why}` }
}
