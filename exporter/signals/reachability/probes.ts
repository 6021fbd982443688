/** Which addresses are tried in a run, and when. Pure. */
import type { AddressInSight } from '../views.ts'

/** At most so many addresses of a cluster are tried; active ones come first. */
export const probeLimit = 1_000

export interface Probe {
  readonly address: string
  /** From the start of the run, ms. */
  readonly atMs: number
}

export interface Plan {
  readonly probes: readonly Probe[]
  /** Addresses beyond the limit. */
  readonly omitted: number
}

/**
 * Evenly over the window, each by chance within its part of it, so that exporters that were started together do not knock
 * together. `random` gives 0 to 1.
 */
export function planProbes(inSight: readonly AddressInSight[], windowMs: number, random: () => number): Plan {
  const activeFirst = [...inSight].sort(
    (left, right) => Number(right.state === 'active') - Number(left.state === 'active'),
  )
  const addresses = [...new Set(activeFirst.map(({ address }) => address))]
  const tried = addresses.slice(0, probeLimit)
  const probes = tried.map((address, index) => ({ address, atMs: (windowMs * (index + random())) / tried.length }))
  return { probes, omitted: addresses.length - tried.length }
}
