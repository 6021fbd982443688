/** One question to one server: UDP, tried again after a time-out, and TCP where the reply was cut. */
import type { Clock } from '../../core/clock.ts'
import type { FailureReason } from '../../core/poll.ts'
import { Aborts } from './aborts.ts'
import type { Question, ResolveOptions } from './client.ts'
import type { Limiter } from './limiter.ts'
import type { PacketOptions, PacketResult } from './pending-query.ts'
import type { ServerAddress } from './server-address.ts'
import type { UdpSockets } from './sockets.ts'
import { askOverTcp } from './tcp.ts'
import { type EncodedQuestion, encodeQuestion, type Reply } from './wire.ts'

export interface AskFailure {
  readonly ok: false
  readonly reason: FailureReason
  /** what failed at which server; the caller puts the question before it */
  readonly message: string
  /** nobody waits for the answer any more */
  readonly aborted?: true
}

export type Asked = { readonly ok: true; readonly reply: Reply; readonly server: ServerAddress } | AskFailure

export interface AskOptions extends ResolveOptions {
  readonly recursionDesired: boolean
  /** UDP packets at most */
  readonly tries: number
  /** Nothing is sent after this, on the clock's monotonic scale in ms. */
  readonly deadline: number
}

export interface QuerierOptions {
  readonly clock: Clock
  /** of one UDP packet, and of one exchange over TCP */
  readonly timeoutMs: number
  readonly sockets: UdpSockets
  readonly limiter: Limiter
}

const maxEncoded = 20_000
const aborted: AskFailure = { ok: false, reason: 'timeout', message: 'given up before the answer came', aborted: true }

export class Querier {
  readonly #options: QuerierOptions
  readonly #encoded = new Map<string, EncodedQuestion>()
  readonly #aborts = new Aborts()

  constructor(options: QuerierOptions) {
    this.#options = options
  }

  /** Never rejects. NOERROR and NXDOMAIN are answers; any other code is a failure. */
  async ask(server: ServerAddress, question: Question, options: AskOptions): Promise<Asked> {
    const { limiter } = this.#options
    if (!limiter.tryAcquire(server.text)) {
      const refused = await this.#waitForTurn(server, options.signal)
      if (refused !== undefined) return refused
    }
    try {
      return await this.#tryAgain(server, this.#encode(question, options.recursionDesired), options)
    } finally {
      limiter.release(server.text)
    }
  }

  async #waitForTurn(server: ServerAddress, signal: AbortSignal): Promise<AskFailure | undefined> {
    const place = this.#options.limiter.enqueue(server.text)
    if (place === undefined) {
      const message = `too many queries wait for ${server.text}: ask for fewer names, or less often`
      return { ok: false, reason: 'limit', message }
    }
    const turn = place.turn.then(() => undefined)
    const refused = await this.#aborts.race<AskFailure | undefined>(turn, signal, aborted)
    if (refused !== undefined) place.leave()
    return refused
  }

  async #tryAgain(server: ServerAddress, asked: EncodedQuestion, options: AskOptions): Promise<Asked> {
    const packetOptions = toPacketOptions(server, options)
    let failure: AskFailure = { ok: false, reason: 'timeout', message: `no time was left to ask ${server.text}` }
    for (let attempt = 0; attempt < options.tries; attempt++) {
      if (this.#options.clock.monotonic() > options.deadline) break
      const result = await this.#askOnce(server, asked, packetOptions, options)
      if (result.ok) return judge(server, result.reply)
      if (result.reason === 'aborted') return aborted
      failure = { ok: false, reason: result.reason, message: `${server.text}: ${result.message}` }
      // A refused port refuses the next packet as well.
      if (result.reason === 'network') break
    }
    return failure
  }

  async #askOnce(
    server: ServerAddress,
    asked: EncodedQuestion,
    packetOptions: PacketOptions,
    options: AskOptions,
  ): Promise<PacketResult> {
    const { clock, sockets, timeoutMs } = this.#options
    const overUdp = await sockets.ask(server, asked, packetOptions)
    trace(server, asked.question, overUdp, options)
    if (!overUdp.ok || !overUdp.reply.truncated) return overUdp
    const overTcp = await askOverTcp(server, asked, clock, timeoutMs, packetOptions)
    trace(server, asked.question, overTcp, options)
    return overTcp
  }

  /** The same questions come again and again: a packet is made once. */
  #encode(question: Question, recursionDesired: boolean): EncodedQuestion {
    const key = `${question.type} ${recursionDesired} ${question.hostname}`
    const known = this.#encoded.get(key)
    if (known !== undefined) return known
    const encoded = encodeQuestion(question, recursionDesired)
    const [oldest] = this.#encoded.keys()
    if (oldest !== undefined && this.#encoded.size >= maxEncoded) this.#encoded.delete(oldest)
    this.#encoded.set(key, encoded)
    return encoded
  }
}

function toPacketOptions(server: ServerAddress, { signal, onDrop }: AskOptions): PacketOptions {
  return onDrop === undefined ? { signal } : { signal, onDrop: (reason) => onDrop(server.text, reason) }
}

function trace(server: ServerAddress, question: Question, result: PacketResult, { onQuery }: AskOptions): void {
  if (onQuery === undefined || (!result.ok && result.reason === 'aborted')) return
  const outcome = result.ok ? result.reply.rcode : result.reason
  onQuery({ server: server.text, question, result: outcome, durationMs: result.durationMs })
}

function judge(server: ServerAddress, reply: Reply): Asked {
  const { rcode } = reply
  if (rcode === 'NOERROR' || rcode === 'NXDOMAIN') return { ok: true, reply, server }
  if (rcode === 'REFUSED') {
    const message = `${server.text} answered REFUSED: it does not serve this name, or not to this address`
    return { ok: false, reason: 'denied', message }
  }
  return { ok: false, reason: 'server', message: `${server.text} answered ${rcode}` }
}
