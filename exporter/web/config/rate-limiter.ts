import type { Clock } from '../../core/clock.ts'
import type { RateLimit } from './web-config.ts'

/** A token bucket, full at the start: `burst` requests at once, then one in each interval. */
export class RateLimiter {
  readonly #limit: RateLimit
  readonly #clock: Clock
  #tokens: number
  #atMs: number

  constructor(limit: RateLimit, clock: Clock) {
    this.#limit = limit
    this.#clock = clock
    this.#tokens = limit.burst
    this.#atMs = clock.monotonic()
  }

  /** Whether one more may pass now. */
  allow(): boolean {
    const now = this.#clock.monotonic()
    this.#tokens = Math.min(this.#limit.burst, this.#tokens + (now - this.#atMs) / this.#limit.intervalMs)
    this.#atMs = now
    if (this.#tokens < 1) return false
    this.#tokens -= 1
    return true
  }
}
