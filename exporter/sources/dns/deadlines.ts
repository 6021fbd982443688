import type { Clock } from '../../core/clock.ts'

export interface Expiring {
  /** true once there is nothing left to wait for */
  readonly settled: boolean
  /** on the clock's monotonic scale, ms */
  readonly deadline: number
  expire(): void
}

/**
 * Deadlines of many queries that all wait equally long, so they expire in the order in which they were added. One
 * sleep, until the oldest open one is due, stands for a timer each.
 */
export class Deadlines {
  readonly #clock: Clock
  readonly #signal: AbortSignal
  #queue: Expiring[] = []
  #running = false

  constructor(clock: Clock, signal: AbortSignal) {
    this.#clock = clock
    this.#signal = signal
  }

  add(entry: Expiring): void {
    this.#queue.push(entry)
    if (!this.#running) void this.#run()
  }

  async #run(): Promise<void> {
    this.#running = true
    while (!this.#signal.aborted) {
      const oldest = this.#expireDue()
      if (oldest === undefined) break
      await this.#clock.sleep(Math.max(1, oldest.deadline - this.#clock.monotonic()), this.#signal)
    }
    this.#running = false
  }

  #expireDue(): Expiring | undefined {
    const now = this.#clock.monotonic()
    let passed = 0
    for (const entry of this.#queue) {
      if (!entry.settled && entry.deadline > now) break
      if (!entry.settled) entry.expire()
      passed++
    }
    this.#queue = this.#queue.slice(passed)
    return this.#queue[0]
  }
}
