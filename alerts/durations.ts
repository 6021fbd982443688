/** Durations as PromQL and as people write them. */

const units = [
  { ms: 86_400_000, short: 'd', long: 'day' },
  { ms: 3_600_000, short: 'h', long: 'hour' },
  { ms: 60_000, short: 'm', long: 'minute' },
  { ms: 1_000, short: 's', long: 'second' },
  { ms: 1, short: 'ms', long: 'millisecond' },
] as const

/** `1h30m`, as `for` and ranges want it: prometheus.io/docs/prometheus/latest/querying/basics, time durations. */
export function formatDuration(ms: number): string {
  const parts = split(ms).map(({ count, unit }) => `${count}${unit.short}`)
  return parts.length === 0 ? '0s' : parts.join('')
}

/** `1 hour 30 minutes` */
export function durationInWords(ms: number): string {
  const parts = split(ms).map(({ count, unit }) => `${count} ${unit.long}${count === 1 ? '' : 's'}`)
  return parts.length === 0 ? '0 seconds' : parts.join(' ')
}

function split(ms: number) {
  let rest = ms
  return units.flatMap((unit) => {
    const count = Math.floor(rest / unit.ms)
    rest -= count * unit.ms
    return count === 0 ? [] : [{ count, unit }]
  })
}
