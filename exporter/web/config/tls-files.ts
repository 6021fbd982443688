/** From `tls_server_config` to what a TLS server takes, with the files that it names. */
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { createSecureContext } from 'node:tls'
import type { Fault } from '../../service/config/fault.ts'
import { allowedNames } from './client-policy.ts'
import type { TlsSection } from './schema.ts'
import { readSmallFile } from './small-file.ts'
import { curves, type TlsVersion, tls12Suites, tls13Suites, verifyingTypes, versions } from './tls-names.ts'
import type { TlsConfig } from './web-config.ts'

export interface ReadTls {
  readonly files: readonly string[]
  readonly faults: readonly Fault[]
  /** Sound only where there are no faults. */
  readonly tls: TlsConfig
}

/** The paths in `section` are absolute, its names known. */
export function readTls(section: TlsSection): ReadTls {
  const files = [section.cert_file, section.key_file, section.client_ca_file].filter((file) => file !== undefined)
  const faults: Fault[] = []
  const pem = (key: 'cert' | 'key' | 'client_ca'): string => {
    const path = section[`${key}_file`]
    if (path === undefined) return section[key] ?? ''
    const read = readSmallFile(path)
    if (read.ok) return read.text
    faults.push({ path: [`${key}_file`], message: `${path} ${read.why}` })
    return ''
  }
  const hasCa = section.client_ca !== undefined || section.client_ca_file !== undefined
  const [cert, key, ca] = [pem('cert'), pem('key'), hasCa ? pem('client_ca') : undefined]
  const tls = toTls(section, cert, key, ca)
  if (faults.length === 0) faults.push(...checkPem(section, tls))
  const path = (fault: Fault) => ({ ...fault, path: ['tls_server_config', ...fault.path] })
  return { files, faults: faults.map(path), tls }
}

function toTls(section: TlsSection, cert: string, key: string, ca: string | undefined): TlsConfig {
  const { client_auth_type: policy = 'NoClientCert', curve_preferences: given } = section
  return {
    cert,
    key,
    ca,
    minVersion: versions[(section.min_version ?? 'TLS12') as TlsVersion],
    minStated: section.min_version !== undefined,
    maxVersion: versions[(section.max_version ?? 'TLS13') as TlsVersion],
    ciphers: toCiphers(section.cipher_suites),
    honorCipherOrder: section.prefer_server_cipher_suites ?? true,
    ecdhCurve: given?.map((name) => curves.get(name) ?? name).join(':'),
    clients: {
      policy,
      stated: section.client_auth_type !== undefined,
      allowed: section.client_allowed_sans && allowedNames(section.client_allowed_sans),
    },
  }
}

/** The suites of TLS 1.3 stay on whatever the list says, as in Go: OpenSSL would turn TLS 1.3 off without one. */
function toCiphers(given: readonly string[] | undefined): string | undefined {
  if (given === undefined) return undefined
  const chosen = given.flatMap((name) => tls12Suites.get(name) ?? [])
  return [...tls13Suites, ...chosen].join(':')
}

function checkPem(section: TlsSection, tls: TlsConfig): Fault[] {
  const named = (key: 'cert' | 'key' | 'client_ca') => [section[key] === undefined ? `${key}_file` : key]
  if (!holdsCertificates(tls.cert)) return [{ path: named('cert'), message: 'holds no certificate in PEM' }]
  if (tls.ca !== undefined && !holdsCertificates(tls.ca)) {
    return [{ path: named('client_ca'), message: 'holds no certificate in PEM, or one that cannot be read' }]
  }
  if (tls.ca !== undefined && verifyingTypes.includes(tls.clients.policy) && !certificates(tls.ca).some(isRoot)) {
    // Node has no way to make an intermediate an anchor of a server: it keeps allowPartialTrustChain to clients.
    const message =
      'holds no certificate that signed itself, where every chain has to end: every client would be refused'
    return [{ path: named('client_ca'), message }]
  }
  if (!holdsKey(tls.key)) return [{ path: named('key'), message: 'holds no private key in PEM without a passphrase' }]
  const { cert, key, ca, ciphers } = tls
  try {
    createSecureContext({ cert, key, ...(ca !== undefined && { ca }), ...(ciphers !== undefined && { ciphers }) })
    return []
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ERR_OSSL_X509_KEY_VALUES_MISMATCH') {
      return [{ path: named('key'), message: 'is not the key of the certificate' }]
    }
    return [{ path: named('cert'), message: `OpenSSL refuses certificate and key: ${code ?? 'no reason given'}` }]
  }
}

function holdsCertificates(pem: string): boolean {
  try {
    return certificates(pem).length > 0
  } catch {
    return false
  }
}

/** Throws where one cannot be read. */
function certificates(pem: string): X509Certificate[] {
  const blocks = pem.match(/-----BEGIN (?:TRUSTED |X509 )?CERTIFICATE-----[\s\S]*?-----END [^-]+-----/g) ?? []
  return blocks.map((block) => new X509Certificate(block))
}

function isRoot(certificate: X509Certificate): boolean {
  return certificate.checkIssued(certificate)
}

function holdsKey(pem: string): boolean {
  try {
    return createPrivateKey(pem).type === 'private'
  } catch {
    return false
  }
}
