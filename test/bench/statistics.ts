/** What the bench makes of its samples. Pure. */

/** The smallest sample that at least `share` (0 to 1) of the samples do not exceed (nearest rank); NaN where there is none. */
export function percentile(samples: readonly number[], share: number): number {
  const sorted = [...samples].sort((left, right) => left - right)
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN
}

export function median(samples: readonly number[]): number {
  return percentile(samples, 0.5)
}

/** One bucket of a Prometheus histogram: how many observations were at most `le`. */
export interface Bucket {
  readonly le: number
  readonly count: number
}

/**
 * The quantile as histogram_quantile of PromQL tells it: linear within the bucket, the last finite bound for what lies
 * beyond it; NaN where nothing was observed.
 */
export function bucketQuantile(buckets: readonly Bucket[], share: number): number {
  const sorted = [...buckets].sort((left, right) => left.le - right.le)
  const rank = share * (sorted.at(-1)?.count ?? 0)
  if (rank === 0) return Number.NaN
  let lower: Bucket = { le: 0, count: 0 }
  for (const bucket of sorted) {
    if (bucket.count < rank) {
      lower = bucket
      continue
    }
    if (bucket.le === Number.POSITIVE_INFINITY) return lower.le
    return lower.le + ((bucket.le - lower.le) * (rank - lower.count)) / (bucket.count - lower.count)
  }
  return Number.NaN
}

/** What was observed between two scrapes. */
export function bucketsBetween(before: readonly Bucket[], after: readonly Bucket[]): Bucket[] {
  return after.map(({ le, count }) => ({ le, count: count - (before.find((bucket) => bucket.le === le)?.count ?? 0) }))
}

/** One histogram of several with the same bounds. */
export function bucketsTogether(histograms: readonly (readonly Bucket[])[]): Bucket[] {
  const counts = new Map<number, number>()
  for (const { le, count } of histograms.flat()) counts.set(le, (counts.get(le) ?? 0) + count)
  return [...counts].map(([le, count]) => ({ le, count }))
}
