import { constants } from 'node:crypto'
import type { TlsOptions } from 'node:tls'
import type { TlsConfig } from './web-config.ts'

/** The options of a TLS server that do not depend on whom it lets in. */
export function serverOptions(tls: TlsConfig): TlsOptions {
  const { cert, key, ca, minVersion, maxVersion, ciphers, honorCipherOrder, ecdhCurve, clients } = tls
  return {
    cert,
    key,
    minVersion,
    maxVersion,
    honorCipherOrder,
    ...(ca !== undefined && { ca }),
    ...(ciphers !== undefined && { ciphers }),
    ...(ecdhCurve !== undefined && { ecdhCurve }),
    // Whoever has to show a certificate shows it in each handshake: a resumed session would not be verified again.
    ...(clients.policy !== 'NoClientCert' && { secureOptions: constants.SSL_OP_NO_TICKET }),
  }
}
