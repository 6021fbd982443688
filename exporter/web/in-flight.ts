import type { ServerResponse } from 'node:http'

/** Counts requests until their answers are read or their clients gone, and lets in no more than `max`; 0: any number. */
export class InFlight {
  readonly max: number
  #count = 0

  constructor(max: number) {
    this.max = max
  }

  /** Whether the request may go on. */
  enter(response: Pick<ServerResponse, 'once'>): boolean {
    if (this.max > 0 && this.#count >= this.max) return false
    this.#count += 1
    response.once('close', () => {
      this.#count -= 1
    })
    return true
  }
}
