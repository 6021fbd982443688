import type { Clock } from '../../core/clock.ts'

export interface Expiring {
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
  /** In the order in which they are due. What is settled leaves at once: kept for long, it would be costly garbage. */
  readonly #open = new Set<Expiring>()
  #running = false

  constructor(clock: Clock, signal: AbortSignal) {
    this.#clock = clock
    this.#signal = signal
  }

  add(entry: Expiring): void {
    this.#open.add(entry)
    if (!this.#running) void this.#run()
  }

  /** There is nothing left to wait for. */
  remove(entry: Expiring): void {
    this.#open.delete(entry)
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

  /** The first that is not due yet. */
  #expireDue(): Expiring | undefined {
    const now = this.#clock.monotonic()
    for (const entry of this.#open) {
      if (entry.deadline > now) return entry
      this.#open.delete(entry)
      entry.expire()
    }
    return undefined
  }
}
