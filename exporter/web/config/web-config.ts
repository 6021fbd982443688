import type { ClientPolicy } from './client-policy.ts'

/** A web config that may come into force: checked whole, its certificates read. */
export interface WebConfig {
  /** undefined: plain HTTP */
  readonly tls: TlsConfig | undefined
  readonly http2: boolean
  readonly headers: ReadonlyMap<string, string>
  /** undefined: everybody may */
  readonly users: Users | undefined
  /** undefined: no limit */
  readonly rateLimit: RateLimit | undefined
}

export interface TlsConfig {
  /** PEM. */
  readonly cert: string
  /** PEM; secret. */
  readonly key: string
  /** PEM; undefined where no certificate of a client is verified. */
  readonly ca: string | undefined
  readonly minVersion: 'TLSv1.2' | 'TLSv1.3'
  /** The least version stands in the file and is not the default. */
  readonly minStated: boolean
  readonly maxVersion: 'TLSv1.2' | 'TLSv1.3'
  /** OpenSSL's list; undefined: Node's own. */
  readonly ciphers: string | undefined
  readonly honorCipherOrder: boolean
  /** OpenSSL's list; undefined: Node's own. */
  readonly ecdhCurve: string | undefined
  readonly clients: ClientPolicy
}

export interface Users {
  /** User name to bcrypt hash. */
  readonly hashes: ReadonlyMap<string, string>
  /** Compared for unknown names, so that they take as long as known ones. */
  readonly decoy: string
}

export interface RateLimit {
  /** One request more may pass each time; milliseconds, over 0. */
  readonly intervalMs: number
  /** So many may pass at once; at least 1. */
  readonly burst: number
}
