/** The keys of the web config, in the format of Prometheus' exporter-toolkit (docs/web-configuration.md there). */
import { clientAuthTypes } from './tls-names.ts'

const text = { type: 'string', minLength: 1 }
const names = { type: 'array', items: text, minItems: 1, maxItems: 100 }
const section = (properties: object) => ({ type: 'object', additionalProperties: false, properties })

/** Versions, suites and curves are checked by name in checks.ts, which can say why one is refused. */
export const webConfigSchema = {
  $schema: 'http://json-schema.org/draft-07/schema#',
  ...section({
    tls_server_config: section({
      cert: text,
      cert_file: text,
      key: text,
      key_file: text,
      client_ca: text,
      client_ca_file: text,
      client_auth_type: { type: 'string', enum: [...clientAuthTypes] },
      client_allowed_sans: names,
      min_version: text,
      max_version: text,
      cipher_suites: names,
      prefer_server_cipher_suites: { type: 'boolean' },
      curve_preferences: names,
    }),
    http_server_config: section({
      http2: { type: 'boolean' },
      // Text or a whole number, such as the 0 of X-XSS-Protection: checks.ts tells.
      headers: { type: 'object' },
    }),
    basic_auth_users: { type: 'object', maxProperties: 10_000, additionalProperties: { type: 'string' } },
    rate_limit: section({
      // Text, or the number 0: checks.ts tells.
      interval: {},
      burst: { type: 'integer', minimum: 0 },
    }),
  }),
}

/** A file in which schema and checks found no fault. */
export interface WebConfigFile {
  readonly tls_server_config?: TlsSection
  readonly http_server_config?: {
    readonly http2?: boolean
    readonly headers?: Readonly<Record<string, string | number>>
  }
  readonly basic_auth_users?: Readonly<Record<string, string>>
  readonly rate_limit?: { readonly interval?: string | number; readonly burst?: number }
}

export interface TlsSection {
  readonly cert?: string
  readonly cert_file?: string
  readonly key?: string
  readonly key_file?: string
  readonly client_ca?: string
  readonly client_ca_file?: string
  readonly client_auth_type?: (typeof clientAuthTypes)[number]
  readonly client_allowed_sans?: readonly string[]
  readonly min_version?: string
  readonly max_version?: string
  readonly cipher_suites?: readonly string[]
  readonly prefer_server_cipher_suites?: boolean
  readonly curve_preferences?: readonly string[]
}
