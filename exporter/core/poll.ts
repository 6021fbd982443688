/**
 * What every source returns: a good answer, or a failure. A failure is never an empty answer.
 */

/** The closed set of failure kinds. It is the label `reason` of `elbchurn_collector_errors_total`. */
export const failureReasons = [
  'timeout', // no answer within the deadline
  'network', // refused, reset, unreachable, name of the server not found
  'tls', // certificate or handshake
  'malformed', // an answer that cannot be read, or lacks what it must have
  'throttled', // the other side asked to slow down
  'denied', // authenticated, but not allowed; also DNS REFUSED
  'expired', // credentials missing, expired or not accepted
  'not_found', // what was asked for does not exist
  'server', // 5xx, SERVFAIL, a lame server
  'limit', // a bound of this program was reached: calls a run, pages, series
  'internal', // a fault of this program
] as const

export type FailureReason = (typeof failureReasons)[number]

export interface Failure {
  readonly reason: FailureReason
  /** For the person who must act: what failed, on what, and what to do where that is known. Holds no secret. */
  readonly message: string
}

export type Poll<T> =
  | { readonly ok: true; readonly atMs: number; readonly snapshot: T }
  | { readonly ok: false; readonly atMs: number; readonly failure: Failure }

export function good<T>(atMs: number, snapshot: T): Poll<T> {
  return { ok: true, atMs, snapshot }
}

export function failed(atMs: number, reason: FailureReason, message: string): Poll<never> {
  return { ok: false, atMs, failure: { reason, message } }
}
