/** When each query of a run is sent, so that a thousand names make no burst every few seconds. Pure. */

/** Queries that are due closer together than this are sent together: a wake-up for each would cost more than it evens out. */
const minStepMs = 20

/**
 * How long a run goes on sending, in ms. A query of a dead resolver takes `worstQueryMs`, and must not make the next
 * run be skipped; but a fifth of the interval is used in any case, and a fifth is left.
 */
export function spreadWindow(intervalMs: number, worstQueryMs: number): number {
  return Math.min(0.8 * intervalMs, Math.max(0.2 * intervalMs, intervalMs - worstQueryMs))
}

export interface Batch<T> {
  /** from the start of the run, ms */
  readonly atMs: number
  readonly items: readonly T[]
}

/** Each item has the same place in every run, so its queries come at equal intervals. */
export function spread<T>(items: readonly T[], windowMs: number): Batch<T>[] {
  const steps = Math.max(1, Math.min(items.length, Math.floor(windowMs / minStepMs)))
  return Array.from({ length: steps }, (_, index) => ({
    atMs: (windowMs * index) / steps,
    items: items.slice(Math.floor((index * items.length) / steps), Math.floor(((index + 1) * items.length) / steps)),
  }))
}
