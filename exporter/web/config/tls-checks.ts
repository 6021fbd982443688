/** What a schema cannot say of `tls_server_config`. */
import { type Fields, list, text } from '../../core/json.ts'
import type { Fault } from '../../service/config/fault.ts'
import {
  curves,
  http2Suites,
  retiredVersions,
  tls12Suites,
  tls13Suites,
  verifyingTypes,
  versions,
} from './tls-names.ts'

const requiring: readonly unknown[] = ['RequireAnyClientCert', 'RequireClientCert', 'RequireAndVerifyClientCert']

export function checkTls(tls: Fields, http2: boolean): Fault[] {
  if (Object.keys(tls).length === 0) return []
  return [
    ...checkPairs(tls),
    ...checkClients(tls),
    ...checkVersions(tls),
    ...checkSuites(tls, http2),
    ...checkCurves(tls),
  ]
}

function checkPairs(tls: Fields): Fault[] {
  const faults: Fault[] = []
  for (const key of ['cert', 'key', 'client_ca']) {
    const file = `${key}_file`
    if (tls[key] !== undefined && tls[file] !== undefined) {
      faults.push({ path: [file], atKey: true, message: `stands beside ${key}; give one of them` })
    }
    if (key === 'client_ca' || tls[key] !== undefined || tls[file] !== undefined) continue
    faults.push({ path: [], message: `lacks ${key} or ${file}: without it there would be no TLS` })
  }
  return faults
}

function checkClients(tls: Fields): Fault[] {
  const { client_auth_type: policy = 'NoClientCert', client_ca, client_ca_file, client_allowed_sans } = tls
  const faults: Fault[] = []
  const hasCa = client_ca !== undefined || client_ca_file !== undefined
  if (hasCa && policy === 'NoClientCert') {
    const path = [client_ca_file === undefined ? 'client_ca' : 'client_ca_file']
    faults.push({ path, atKey: true, message: 'has no effect without a client_auth_type that asks for certificates' })
  }
  if (!hasCa && verifyingTypes.includes(policy)) {
    faults.push({ path: ['client_auth_type'], message: `${policy} needs client_ca or client_ca_file` })
  }
  if (client_allowed_sans !== undefined && !requiring.includes(policy)) {
    const message = 'needs a client_auth_type of RequireAnyClientCert or RequireAndVerifyClientCert'
    faults.push({ path: ['client_allowed_sans'], atKey: true, message })
  }
  return faults
}

function checkVersions({ min_version, max_version }: Fields): Fault[] {
  const faults = Object.entries({ min_version, max_version }).flatMap(([key, version]): Fault[] => {
    if (typeof version !== 'string' || Object.hasOwn(versions, version)) return []
    const message = retiredVersions.includes(version)
      ? `${version} is refused: RFC 8996 retired it, and OpenSSL 3 would speak it only with its security level lowered for all of TLS`
      : `${JSON.stringify(version)} must be one of ${Object.keys(versions).join(', ')}`
    return [{ path: [key], message }]
  })
  if (faults.length === 0 && min_version === 'TLS13' && max_version === 'TLS12') {
    faults.push({ path: ['max_version'], message: 'is below min_version: no client could connect' })
  }
  return faults
}

function checkSuites({ cipher_suites, min_version }: Fields, http2: boolean): Fault[] {
  const suites = texts(cipher_suites)
  const known: readonly string[] = [...tls12Suites.keys(), ...tls13Suites]
  const faults = unknown(suites, known, 'cipher_suites', 'a cipher suite')
  if (faults.length > 0 || suites.length === 0 || !http2 || min_version === 'TLS13') return faults
  if (http2Suites.some((suite) => suites.includes(suite))) return []
  const message = `lacks ${http2Suites.join(' or ')}, which HTTP/2 needs; add it, or set http_server_config.http2 to false`
  return [{ path: ['cipher_suites'], message }]
}

function checkCurves({ curve_preferences }: Fields): Fault[] {
  return unknown(texts(curve_preferences), [...curves.keys()], 'curve_preferences', 'a curve')
}

function unknown(given: readonly string[], known: readonly string[], key: string, what: string): Fault[] {
  return [...given.entries()]
    .filter(([, name]) => !known.includes(name))
    .map(([index, name]) => ({
      path: [key, index],
      message: `${JSON.stringify(name)} is not ${what} that is offered; known: ${known.join(', ')}`,
    }))
}

function texts(value: unknown): readonly string[] {
  return list(value).map(text)
}
