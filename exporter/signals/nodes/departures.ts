/** One node that is shut down, or flaps alone, must not look like several that were lost. */
const onceMs = 5 * 60_000

/** Which departures of nodes from Ready count: a node's first, and none of its others for 5 minutes after. */
export class Departures {
  /** When each node was counted, on the monotonic clock, oldest first; forgotten once it may count again. */
  readonly #counted = new Map<string, number>()

  /** true where it counts. `monotonicMs` never goes back. */
  count(node: string, monotonicMs: number): boolean {
    for (const [known, atMs] of this.#counted) {
      if (monotonicMs - atMs < onceMs) break
      this.#counted.delete(known)
    }
    if (this.#counted.has(node)) return false
    this.#counted.set(node, monotonicMs)
    return true
  }
}
