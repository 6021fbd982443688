import type { Clock } from '../../core/clock.ts'
import type { FailureReason } from '../../core/poll.ts'
import type { DropReason } from './client.ts'
import type { Expiring } from './deadlines.ts'
import type { LateListener, PendingPacket, QuerySocket } from './query-socket.ts'
import { type EncodedQuestion, maxUdpBytes, type Reply } from './wire.ts'

export interface PacketOptions {
  readonly signal: AbortSignal
  /** Told of replies thrown away, with the server they came from. Kept for a while after the query. */
  readonly onDrop?: LateListener
}

export type PacketResult =
  | { readonly ok: true; readonly reply: Reply; readonly durationMs: number }
  | {
      readonly ok: false
      readonly reason: Extract<FailureReason, 'timeout' | 'malformed' | 'network'> | 'aborted'
      readonly message: string
      readonly durationMs: number
      /** The socket was in use before: what failed may be its path, and a new socket finds another. */
      readonly reusedSocket?: boolean
    }

interface PendingQueryOptions {
  readonly asked: EncodedQuestion
  readonly clock: Clock
  readonly timeoutMs: number
  readonly socket: QuerySocket
  readonly server: string
  readonly onDrop: LateListener | undefined
  readonly onSettled: (result: PacketResult) => void
}

/** A packet that was sent and its asker. Replies that do not fit are dropped and the wait goes on (RFC 5452 9.1). */
export class PendingQuery implements PendingPacket, Expiring {
  id = 0
  readonly startedAt: number
  readonly deadline: number
  stopListening: (() => void) | undefined
  readonly #options: PendingQueryOptions
  readonly #reusedSocket: boolean
  #settled = false
  #unreadable: 'malformed' | 'oversized' | undefined

  constructor(options: PendingQueryOptions) {
    this.#options = options
    this.startedAt = options.clock.monotonic()
    this.#reusedSocket = options.socket.sent > 0
    this.deadline = this.startedAt + options.timeoutMs
  }

  get asked(): EncodedQuestion {
    return this.#options.asked
  }

  get lateListener(): LateListener | undefined {
    return this.#options.onDrop
  }

  onReply(reply: Reply): void {
    this.#settle({ ok: true, reply, durationMs: this.#elapsed() })
  }

  onDrop(reason: DropReason): void {
    if (reason === 'malformed' || reason === 'oversized') this.#unreadable = reason
    this.#options.onDrop?.(this.#options.server, reason)
  }

  onSocketError(code: string): void {
    this.#fail('network', `cannot reach it: ${code}`)
  }

  expire(): void {
    const within = `within ${this.#options.timeoutMs} ms`
    if (this.#unreadable === undefined) this.#fail('timeout', `no reply ${within}`)
    else if (this.#unreadable === 'malformed') this.#fail('malformed', `no reply that can be read ${within}`)
    else this.#fail('malformed', `no reply ${within} but ones over the ${maxUdpBytes} bytes asked for`)
  }

  abort(): void {
    this.#fail('aborted', 'given up')
  }

  #fail(reason: Extract<PacketResult, { ok: false }>['reason'], message: string): void {
    this.#settle({ ok: false, reason, message, durationMs: this.#elapsed(), reusedSocket: this.#reusedSocket })
  }

  #elapsed(): number {
    return this.#options.clock.monotonic() - this.startedAt
  }

  #settle(result: PacketResult): void {
    if (this.#settled) return
    this.#settled = true
    this.stopListening?.()
    this.#options.socket.forget(this)
    this.#options.onSettled(result)
  }
}
