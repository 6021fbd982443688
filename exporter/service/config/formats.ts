/** String formats of the config schema. Each says what is wrong with a text, or nothing. */
import { validateDetailed } from 'node-cron'
import { parseDuration } from '../../core/duration.ts'
import { canonicalHostname } from '../../sources/dns/hostname.ts'
import { parseServer } from '../../sources/dns/server-address.ts'

export type Format = (text: string) => string | undefined

export const formats: Readonly<Record<string, Format>> = {
  // Not `duration`: by that name JSON Schema means those of ISO 8601, and other validators would refuse ours.
  'time-span': (text) => {
    const ms = parseDuration(text)
    if (ms === undefined) return 'is not a duration such as 30s, 5m or 1h30m'
    return ms > 0 ? undefined : 'must be longer than 0s'
  },
  cron: (text) => {
    if (text.trim().split(/\s+/).length !== 6) return 'is not a cron expression with 6 fields, seconds first'
    const { valid, errors } = validateDetailed(text)
    if (valid) return longStep(text)
    return `is not a cron expression: ${errors.map(({ field, message }) => `${field}: ${message}`).join('; ')}`
  },
  resolver: (text) => {
    if (text === 'system' || text === 'authoritative' || parseServer(text) !== undefined) return undefined
    return 'must be system, authoritative, ip:port or [ipv6]:port'
  },
  'dns-name': (text) => {
    // The fault of a name quotes the label, which may be a part of a password here.
    if (/@|:\/\//.test(text)) return 'is not a hostname: give the host of a URL alone'
    const check = canonicalHostname(text)
    return check.ok ? undefined : `is not a hostname: ${check.why}`
  },
  'http-url': (text) => {
    // The parser also takes `http:host` and `http:\\host`, which nobody means and few see through.
    const url = /^https?:\/\/[^\s\\]+$/i.test(text) && URL.canParse(text) ? new URL(text) : undefined
    if (url === undefined) return 'is not an http:// or https:// URL'
    return url.search === '' && url.hash === '' ? undefined : 'has a query or fragment, which calls would not carry'
  },
}

const cronFields = [
  { field: 'second', values: 60 },
  { field: 'minute', values: 60 },
  { field: 'hour', values: 24 },
  { field: 'dayOfMonth', values: 31 },
  { field: 'month', values: 12 },
  { field: 'dayOfWeek', values: 7 },
] as const

/** A step beyond the end of its field: what was meant to run every 70 seconds would run at each full minute. */
function longStep(text: string): string | undefined {
  for (const [index, part] of text.trim().split(/\s+/).entries()) {
    const { field, values } = cronFields[index] ?? { field: 'field', values: Number.POSITIVE_INFINITY }
    const step = part.split(',').find((item) => Number(item.split('/')[1] ?? 0) > values)
    if (step !== undefined)
      return `is not a cron expression: ${field}: the step of ${step} is longer than its ${values} values`
  }
  return undefined
}
