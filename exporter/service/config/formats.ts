/** String formats of the config schema. Each says what is wrong with a text, or nothing. */
import { isIP } from 'node:net'
import { domainToASCII } from 'node:url'
import { validateDetailed } from 'node-cron'
import { parseDuration } from '../../core/duration.ts'

export type Format = (text: string) => string | undefined

export const formats: Readonly<Record<string, Format>> = {
  duration: (text) => {
    const ms = parseDuration(text)
    if (ms === undefined) return 'is not a duration such as 30s, 5m or 1h30m'
    return ms > 0 ? undefined : 'must be longer than 0s'
  },
  cron: (text) => {
    if (text.trim().split(/\s+/).length !== 6) return 'is not a cron expression with 6 fields, seconds first'
    const { valid, errors } = validateDetailed(text)
    if (valid) return undefined
    return `is not a cron expression: ${errors.map(({ field, message }) => `${field}: ${message}`).join('; ')}`
  },
  resolver: (text) => {
    if (text === 'system' || text === 'authoritative' || isServerAddress(text)) return undefined
    return 'is none of system, authoritative, ip:port or [ipv6]:port'
  },
  'dns-name': (text) => {
    const ascii = text.endsWith('.') ? text.slice(0, -1) : text
    if (isIP(ascii) !== 0) return 'is an IP address, not a hostname'
    return isDnsName(ascii) ? undefined : 'is not a hostname'
  },
  'http-url': (text) => {
    const url = URL.canParse(text) ? new URL(text) : undefined
    return ['http:', 'https:'].includes(url?.protocol ?? '') ? undefined : 'is not an http:// or https:// URL'
  },
}

function isServerAddress(text: string): boolean {
  if (isIP(text) !== 0) return true
  const match = /^(?:\[(?<v6>[^\]]+)\]|(?<v4>[^:]+)):(?<port>\d{1,5})$/.exec(text)
  const { v6 = '', v4 = '', port = '' } = match?.groups ?? {}
  const reachable = Number(port) > 0 && Number(port) < 65_536
  return reachable && (isIP(v6) === 6 || isIP(v4) === 4)
}

/** Labels of 1 to 63 octets, 253 in all (RFC 1035, 2.3.4), after conversion of international names to A-labels. */
function isDnsName(text: string): boolean {
  // Underscores stand in service names (RFC 2782) and pass domainToASCII.
  const ascii = domainToASCII(text)
  if (ascii === '' || ascii.length > 253) return false
  return ascii.split('.').every((label) => /^[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?$/i.test(label))
}
