/** Reads a web config: checked whole, with the certificates that it names. Faults as `FILE:LINE:COL: path: what is wrong`. */
import { dirname, resolve } from 'node:path'
import { ConfigError, checkShape, readChecked } from '../../service/config/checked-yaml.ts'
import type { Fault } from '../../service/config/fault.ts'
import { decoyHash, parseHash } from './bcrypt-hash.ts'
import { checkMeaning } from './checks.ts'
import { parseGoDuration } from './go-duration.ts'
import { type TlsSection, type WebConfigFile, webConfigSchema } from './schema.ts'
import { readSmallFile } from './small-file.ts'
import { readTls } from './tls-files.ts'
import type { TlsConfig, Users, WebConfig } from './web-config.ts'

export interface ReadWebConfig {
  /** All files that were read or should have been, the config itself first. */
  readonly files: readonly string[]
  readonly result: { readonly ok: true; readonly config: WebConfig } | { readonly ok: false; readonly faults: Faults }
}
type Faults = readonly string[]

/** Throws `ConfigError`. */
export function checkWebConfig(path: string): WebConfig {
  const { result } = readWebConfig(path)
  if (!result.ok) throw new ConfigError(result.faults)
  return result.config
}

export function readWebConfig(path: string): ReadWebConfig {
  const files = [path]
  const content = readSmallFile(path)
  if (!content.ok) return { files, result: { ok: false, faults: [`${path}:1:1: (file): ${content.why}`] } }
  try {
    let tls: TlsConfig | undefined
    const check = (value: unknown): Fault[] => {
      dropEmpty(value)
      const faults = [...checkMeaning(value), ...checkShape(webConfigSchema, value)]
      const section = (value as WebConfigFile).tls_server_config
      if (faults.length > 0 || section === undefined || Object.keys(section).length === 0) return faults.map(hideHash)
      const read = readTls(withAbsolutePaths(section, dirname(path)))
      files.push(...read.files)
      tls = read.tls
      return [...read.faults]
    }
    const file = readChecked(content.text, path, check) as WebConfigFile
    return { files, result: { ok: true, config: toConfig(file, tls) } }
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    return { files, result: { ok: false, faults: error.faults } }
  }
}

/** `user:$2y$…`, without the blank that makes it a key and a value, is one key: what may be the hash is not told. */
function hideHash(fault: Fault): Fault {
  const [section, user, ...rest] = fault.path
  if (section !== 'basic_auth_users' || typeof user !== 'string' || /^[\w.@-]*$/.test(user)) return fault
  return { ...fault, shown: [section, `${/^[\w.@-]*/.exec(user)?.[0]}…`, ...rest] }
}

/** Of these an empty text or list is as none, too. An empty list of names that may come in is none of them. */
const emptyIsNone: readonly string[] = [
  ...['cert', 'cert_file', 'key', 'key_file', 'client_ca', 'client_ca_file', 'client_auth_type'],
  ...['cipher_suites', 'curve_preferences'],
]

/**
 * A key without a value is a key that is not there, as in the toolkit; but no user is without a password, and an item of a
 * list without a value is a fault.
 */
function dropEmpty(value: unknown, section?: string): void {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return
  for (const [key, item] of Object.entries(value)) {
    const blank = item === '' || (Array.isArray(item) && item.length === 0)
    const none = blank && section === 'tls_server_config' && emptyIsNone.includes(key)
    if (item === null || none) delete (value as Record<string, unknown>)[key]
    else if (key !== 'basic_auth_users') dropEmpty(item, key)
  }
}

function withAbsolutePaths(section: TlsSection, folder: string): TlsSection {
  const absolute = { ...section }
  for (const key of ['cert_file', 'key_file', 'client_ca_file'] as const) {
    const path = absolute[key]
    if (path !== undefined) Object.assign(absolute, { [key]: resolve(folder, path) })
  }
  return absolute
}

function toConfig(file: WebConfigFile, tls: TlsConfig | undefined): WebConfig {
  const { http2 = true, headers = {} } = file.http_server_config ?? {}
  const { interval = 0, burst = 0 } = file.rate_limit ?? {}
  const intervalMs = parseGoDuration(String(interval)) ?? 0
  return {
    tls,
    http2,
    headers: new Map(Object.entries(headers).flatMap(([name, value]) => (value === '' ? [] : [[name, `${value}`]]))),
    users: toUsers(file.basic_auth_users ?? {}),
    rateLimit: intervalMs > 0 ? { intervalMs, burst } : undefined,
  }
}

function toUsers(entries: Readonly<Record<string, string>>): Users | undefined {
  const hashes = new Map<string, string>()
  let highestCost = 0
  for (const [user, text] of Object.entries(entries)) {
    const parsed = parseHash(text)
    if (!parsed.ok) continue
    hashes.set(user, parsed.hash)
    highestCost = Math.max(highestCost, parsed.cost)
  }
  return hashes.size === 0 ? undefined : { hashes, decoy: decoyHash(highestCost) }
}
