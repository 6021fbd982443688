/**
 * What a schema cannot say of a web config. Whatever has the wrong shape is passed over here: the schema tells it.
 * The refusals are those of the exporter-toolkit, and those of docs/web-config.md beyond.
 */
import { type Fields, map } from '../../core/json.ts'
import type { Fault } from '../../service/config/fault.ts'
import { parseHash } from './bcrypt-hash.ts'
import { parseGoDuration } from './go-duration.ts'
import { checkTls } from './tls-checks.ts'

/** The headers that may be set, with their values where only some are sound. */
const headerValues: Readonly<Record<string, readonly string[]>> = {
  'Strict-Transport-Security': [],
  'X-Content-Type-Options': ['nosniff'],
  'X-Frame-Options': ['deny', 'sameorigin'],
  'X-XSS-Protection': [],
  'Content-Security-Policy': [],
}

export function checkMeaning(file: unknown): Fault[] {
  const { tls_server_config, http_server_config, basic_auth_users, rate_limit } = map(file)
  const { http2, headers } = map(http_server_config)
  return [
    ...checkTls(map(tls_server_config), http2 !== false).map(under('tls_server_config')),
    ...checkHeaders(map(headers)).map(under('http_server_config', 'headers')),
    ...checkUsers(map(basic_auth_users)).map(under('basic_auth_users')),
    ...checkRateLimit(map(rate_limit)).map(under('rate_limit')),
  ]
}

function under(...path: string[]): (fault: Fault) => Fault {
  return (fault) => ({ ...fault, path: [...path, ...fault.path] })
}

function checkHeaders(headers: Fields): Fault[] {
  return Object.entries(headers).flatMap(([name, value]): Fault[] => {
    const allowed = Object.hasOwn(headerValues, name) ? headerValues[name] : undefined
    if (allowed === undefined) {
      const known = Object.keys(headerValues).join(', ')
      return [{ path: [name], atKey: true, message: `this header cannot be set; the ones that can: ${known}` }]
    }
    if (typeof value !== 'string' && !Number.isInteger(value)) return [{ path: [name], message: 'must be text' }]
    const text = String(value)
    if (allowed.length > 0 && !allowed.includes(text)) {
      return [{ path: [name], message: `${JSON.stringify(text)} must be one of ${allowed.join(', ')}` }]
    }
    // RFC 9110, section 5.5: visible characters, spaces and tabs.
    if (/[^\t\x20-\x7e]/.test(text)) return [{ path: [name], message: 'holds a character that no header may have' }]
    return []
  })
}

function checkUsers(users: Fields): Fault[] {
  return Object.entries(users).flatMap(([user, hash]): Fault[] => {
    const path = [user]
    // RFC 7617, section 2: the first colon ends the name.
    if (user.includes(':')) return [{ path, atKey: true, message: 'a user name with a colon can never log in' }]
    if (typeof hash !== 'string') return []
    const parsed = parseHash(hash)
    return parsed.ok ? [] : [{ path, message: `the password of ${JSON.stringify(user)} ${parsed.why}` }]
  })
}

function checkRateLimit({ interval, burst }: Fields): Fault[] {
  if (interval === undefined || interval === 0) return []
  const ms = typeof interval === 'string' ? parseGoDuration(interval) : undefined
  if (ms === undefined) {
    const message = `${JSON.stringify(interval)} is not a duration such as 1s, 500ms or 1m30s; 0 for no limit`
    return [{ path: ['interval'], message }]
  }
  if (ms > 0 && (burst === undefined || burst === 0)) {
    return [{ path: [], message: 'lacks a burst of at least 1: without one every request would be refused' }]
  }
  return []
}
