/**
 * Names of TLS as Go writes them, which the exporter-toolkit's format takes over, and what OpenSSL calls the same.
 * Sources: pkg.go.dev/crypto/tls#CipherSuites, RFC 8446 appendix B.4, openssl-ciphers(1).
 */

/** Suites of TLS 1.3. No TLS library of Go lets one choose among them, so naming them changes nothing. */
export const tls13Suites = ['TLS_AES_128_GCM_SHA256', 'TLS_AES_256_GCM_SHA384', 'TLS_CHACHA20_POLY1305_SHA256'] as const

/** Suites of TLS 1.2, the names that `tls.CipherSuites()` of Go gives. */
export const tls12Suites: ReadonlyMap<string, string> = new Map([
  ['TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA', 'ECDHE-ECDSA-AES128-SHA'],
  ['TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA', 'ECDHE-ECDSA-AES256-SHA'],
  ['TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA', 'ECDHE-RSA-AES128-SHA'],
  ['TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA', 'ECDHE-RSA-AES256-SHA'],
  ['TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256', 'ECDHE-ECDSA-AES128-GCM-SHA256'],
  ['TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384', 'ECDHE-ECDSA-AES256-GCM-SHA384'],
  ['TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256', 'ECDHE-RSA-AES128-GCM-SHA256'],
  ['TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384', 'ECDHE-RSA-AES256-GCM-SHA384'],
  ['TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256', 'ECDHE-ECDSA-CHACHA20-POLY1305'],
  ['TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256', 'ECDHE-RSA-CHACHA20-POLY1305'],
])

/** HTTP/2 over TLS 1.2 may not do without (RFC 9113, section 9.2.2): one of them, by the key of the certificate. */
export const http2Suites = ['TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256', 'TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256'] as const

export const curves: ReadonlyMap<string, string> = new Map([
  ['CurveP256', 'P-256'],
  ['CurveP384', 'P-384'],
  ['CurveP521', 'P-521'],
  ['X25519', 'X25519'],
])

export const versions = { TLS12: 'TLSv1.2', TLS13: 'TLSv1.3' } as const
export type TlsVersion = keyof typeof versions

/** Known to the format and refused: RFC 8996 retired them, and OpenSSL 3 speaks them only with all of TLS weakened. */
export const retiredVersions: readonly string[] = ['TLS10', 'TLS11']

export const clientAuthTypes = [
  'NoClientCert',
  'RequestClientCert',
  'RequireAnyClientCert',
  'RequireClientCert',
  'VerifyClientCertIfGiven',
  'RequireAndVerifyClientCert',
] as const
export type ClientAuthType = (typeof clientAuthTypes)[number]

/** Of these the certificate of a client counts only with a chain up to one of `client_ca`. */
export const verifyingTypes: readonly unknown[] = ['VerifyClientCertIfGiven', 'RequireAndVerifyClientCert']
