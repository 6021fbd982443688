/** Time as an argument: tests turn it, the program reads it. */
export interface Clock {
  /** milliseconds since the Unix epoch */
  now(): number
  /** milliseconds of a clock that never jumps; only differences mean anything */
  monotonic(): number
  /** Resolves after `ms`, or at once when the signal aborts. It never rejects. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>
}
