/** One question to one server: UDP, tried again after a time-out, and TCP where the reply was cut. */
import type { Clock } from '../../core/clock.ts'
import type { FailureReason } from '../../core/poll.ts'
import { Aborts } from './aborts.ts'
import type { Question, ResolveOptions } from './client.ts'
import type { Limiter } from './limiter.ts'
import type { PacketResult } from './pending-query.ts'
import { declinesEdns, PlainServers } from './plain-servers.ts'
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

const aborted: AskFailure = { ok: false, reason: 'timeout', message: 'given up before the answer came', aborted: true }

export class Querier {
  readonly #options: QuerierOptions
  /** The same question objects come again and again: their packets are made once. */
  readonly #encoded = { edns: encodedQuestions(), plain: encodedQuestions() }
  readonly #plainServers: PlainServers
  readonly #aborts = new Aborts()

  constructor(options: QuerierOptions) {
    this.#options = options
    this.#plainServers = new PlainServers(options.clock)
  }

  /** Never rejects. NOERROR and NXDOMAIN are answers; any other code is a failure. */
  ask(server: ServerAddress, question: Question, options: AskOptions): Promise<Asked> {
    if (this.#options.limiter.tryAcquire(server.text)) return this.#askInPlace(server, question, options)
    return this.#askInTurn(server, question, options)
  }

  async #askInTurn(server: ServerAddress, question: Question, options: AskOptions): Promise<Asked> {
    const place = this.#options.limiter.enqueue(server.text)
    if (place === undefined) {
      const message = `too many queries wait for ${server.text}: ask for fewer names, or less often`
      return { ok: false, reason: 'limit', message }
    }
    const turn = place.turn.then(() => undefined)
    const refused = await this.#aborts.race<AskFailure | undefined>(turn, options.signal, aborted)
    if (refused === undefined) return this.#askInPlace(server, question, options)
    place.leave()
    return refused
  }

  async #askInPlace(server: ServerAddress, question: Question, options: AskOptions): Promise<Asked> {
    let failure: AskFailure = { ok: false, reason: 'timeout', message: `no time was left to ask ${server.text}` }
    try {
      for (let attempt = 0; attempt < options.tries; attempt++) {
        if (this.#options.clock.monotonic() > options.deadline) break
        const result = await this.#askEitherWay(server, question, options)
        if (result.ok) return judge(server, result.reply)
        if (result.reason === 'aborted') return aborted
        failure = { ok: false, reason: result.reason, message: `${server.text}: ${result.message}` }
        // What a new socket cannot reach, the next one cannot either.
        if (result.reason === 'network' && !result.reusedSocket) break
      }
      return failure
    } finally {
      this.#options.limiter.release(server.text)
    }
  }

  /** With EDNS, and without where the server does not know it. */
  async #askEitherWay(server: ServerAddress, question: Question, options: AskOptions): Promise<PacketResult> {
    const edns = !this.#plainServers.has(server.text)
    const result = await this.#exchange(server, this.#encode(question, edns, options), options)
    if (!edns || !result.ok || !declinesEdns(result.reply)) return result
    const plain = await this.#exchange(server, this.#encode(question, false, options), options)
    if (plain.ok && !declinesEdns(plain.reply)) this.#plainServers.add(server.text)
    return plain
  }

  /** One packet over UDP, and the whole over TCP where that was cut. */
  #exchange(server: ServerAddress, asked: EncodedQuestion, options: AskOptions): Promise<PacketResult> {
    return this.#options.sockets.ask(server, asked, options).then((result) => {
      trace(server, asked.question, result, options)
      return result.ok && result.reply.truncated ? this.#overTcp(server, asked, options) : result
    })
  }

  async #overTcp(server: ServerAddress, asked: EncodedQuestion, options: AskOptions): Promise<PacketResult> {
    const { clock, timeoutMs } = this.#options
    const whole = await askOverTcp(server, asked, clock, timeoutMs, options)
    trace(server, asked.question, whole, options)
    return whole
  }

  #encode(question: Question, edns: boolean, { recursionDesired }: AskOptions): EncodedQuestion {
    const questions = this.#encoded[edns ? 'edns' : 'plain'][recursionDesired ? 'recursive' : 'iterative']
    let encoded = questions.get(question)
    if (encoded === undefined) {
      encoded = encodeQuestion(question, { edns, recursionDesired })
      questions.set(question, encoded)
    }
    return encoded
  }
}

function encodedQuestions() {
  const none = () => new WeakMap<Question, EncodedQuestion>()
  return { recursive: none(), iterative: none() }
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
