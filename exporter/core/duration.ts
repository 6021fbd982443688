const units: Readonly<Record<string, number>> = {
  y: 365 * 86_400_000,
  w: 7 * 86_400_000,
  d: 86_400_000,
  h: 3_600_000,
  m: 60_000,
  s: 1_000,
  ms: 1,
}
const form = /^(\d+y)?(\d+w)?(\d+d)?(\d+h)?(\d+m)?(\d+s)?(\d+ms)?$/

/**
 * Milliseconds of a duration as Prometheus writes it: `30s`, `1h30m`, `500ms`. Undefined where it is none.
 * Source: prometheus.io/docs/prometheus/latest/configuration/configuration, `<duration>`.
 */
export function parseDuration(text: string): number | undefined {
  if (text === '' || !form.test(text)) return undefined
  let total = 0
  for (const [, count, unit] of text.matchAll(/(\d+)(ms|[ywdhms])/g)) total += Number(count) * (units[unit ?? ''] ?? 0)
  return total
}
