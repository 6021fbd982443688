/** What the bench makes of its samples. Pure. */

/** The smallest sample that at least `share` (0 to 1) of the samples do not exceed (nearest rank); NaN where there is none. */
export function percentile(samples: readonly number[], share: number): number {
  const sorted = [...samples].sort((left, right) => left - right)
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN
}

export function median(samples: readonly number[]): number {
  return percentile(samples, 0.5)
}

/**
 * The exponent k of y = c·x^k that fits the points best (least squares of the logarithms): 0 where y does not grow with x,
 * 1 where it grows in proportion, 2 with the square. NaN for fewer than two sizes.
 */
export function growthExponent(points: readonly (readonly [x: number, y: number])[]): number {
  const logs = points.map(([x, y]): [number, number] => [Math.log(x), Math.log(y)])
  const mean = (axis: 0 | 1) => logs.reduce((sum, log) => sum + log[axis], 0) / logs.length
  const [meanX, meanY] = [mean(0), mean(1)]
  const together = logs.reduce((sum, [x, y]) => sum + (x - meanX) * (y - meanY), 0)
  return together / logs.reduce((sum, [x]) => sum + (x - meanX) ** 2, 0)
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
