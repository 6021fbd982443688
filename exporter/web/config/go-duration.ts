const unitMs: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  μs: 1e-3,
  ms: 1,
  s: 1e3,
  m: 6e4,
  h: 3.6e6,
}
const form = /^\+?(?:(?:\d+\.?\d*|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+$/

/** Milliseconds of a duration as Go writes it: `1s`, `1.5h`, `0`. Undefined where it is none. Source: pkg.go.dev/time#ParseDuration. */
export function parseGoDuration(text: string): number | undefined {
  if (text === '0') return 0
  if (!form.test(text)) return undefined
  let total = 0
  for (const [, count, unit] of text.matchAll(/(\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h)/g)) {
    total += Number(count) * (unitMs[unit ?? ''] ?? Number.NaN)
  }
  return total
}
