import { connect } from 'node:net'
import type { Clock } from '../../core/clock.ts'
import { failed, good, type Poll } from '../../core/poll.ts'

export interface ConnectOptions {
  readonly timeoutMs: number
  readonly clock: Clock
  readonly signal: AbortSignal
}

export type Reach =
  | { readonly reachable: true; readonly durationMs: number }
  /** `why`: `timeout`, or the error of the system such as ECONNREFUSED. */
  | { readonly reachable: false; readonly why: string }

/** What this machine lacks, which tells nothing of the other side. */
const ownLacks: ReadonlySet<string> = new Set(['EMFILE', 'ENFILE', 'ENOBUFS', 'ENOMEM', 'EAGAIN', 'EPERM', 'EACCES'])

/**
 * One TCP connection to the address, closed as soon as it is there. Not a byte is sent. Nobody was there to leave
 * anything unread, so it ends by FIN and not by RST. Fails only where this machine could not try.
 */
export async function tryConnect(
  address: string,
  port: number,
  { timeoutMs, clock, signal }: ConnectOptions,
): Promise<Poll<Reach>> {
  const { promise, resolve } = Promise.withResolvers<Reach | Error>()
  const startedAt = clock.monotonic()
  const socket = connect({ host: address, port })
  const timer = setTimeout(() => resolve({ reachable: false, why: 'timeout' }), timeoutMs)
  const abort = () => resolve(new Error('the connect was broken off'))
  signal.addEventListener('abort', abort, { once: true })
  socket.on('connect', () => resolve({ reachable: true, durationMs: clock.monotonic() - startedAt }))
  socket.on('error', resolve)
  if (signal.aborted) abort()
  const outcome = await promise
  clearTimeout(timer)
  signal.removeEventListener('abort', abort)
  socket.destroy()
  if (!(outcome instanceof Error)) return good(clock.now(), outcome)
  const code = 'code' in outcome ? String(outcome.code) : ''
  if (code !== '' && !ownLacks.has(code)) return good(clock.now(), { reachable: false, why: code })
  return failed(
    clock.now(),
    code === '' ? 'internal' : 'limit',
    `connect to ${address} port ${port}: ${outcome.message}`,
  )
}
