import type { Clock } from '../core/clock.ts'

/** So many times as long as a text took to make it is kept: a client in a loop takes a tenth of the event loop at most. */
const keptFactor = 10

/** The last text of its kind. Of a small config it is made for nearly each request, of a large one every few seconds. */
export class Kept {
  readonly #clock: Pick<Clock, 'monotonic'>
  #last: { readonly text: string; readonly of: unknown; readonly untilMs: number } | undefined

  constructor(clock: Pick<Clock, 'monotonic'>) {
    this.#clock = clock
  }

  /** `of`: what the text must not outlive. */
  get(of: unknown, make: () => string): string {
    const startedMs = this.#clock.monotonic()
    if (this.#last !== undefined && this.#last.of === of && startedMs < this.#last.untilMs) return this.#last.text
    const text = make()
    const endedMs = this.#clock.monotonic()
    this.#last = { text, of, untilMs: endedMs + keptFactor * (endedMs - startedMs) }
    return text
  }
}
