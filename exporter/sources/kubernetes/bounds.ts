/** Every wait and every size of a list-watch, in one place. Times in milliseconds unless the name says otherwise. */
export interface Bounds {
  /** The name, with time for nameservers that do not answer before one that does. */
  readonly lookupMs: number
  /** TCP and TLS together. */
  readonly connectMs: number
  /** One address of a name that has several, before the next is tried. */
  readonly addressMs: number
  /** `pageIdleMs` of the list that follows a silence, when the way is in doubt. */
  readonly doubtfulIdleMs: number
  /** Longest silence within a page. */
  readonly pageIdleMs: number
  /** One page, whole. */
  readonly pageTotalMs: number
  readonly pageBytes: number
  readonly pageItems: number
  readonly pages: number
  /** Asked of the server: it ends the watch after so long, which proves that the connection is alive. */
  readonly watchSeconds: number
  /** Silence beyond `watchSeconds` after which the connection counts as dead. */
  readonly watchGraceMs: number
  /** One watch event. etcd keeps objects under 1.5 MiB. */
  readonly lineBytes: number
  /** A connection older than this is closed between two watches, so that none outlives its address in DNS for long. */
  readonly connectionAgeMs: number
  readonly backoffFirstMs: number
  readonly backoffMaxMs: number
  readonly retryAfterMaxMs: number
}

/** A dead connection is found after at most 10 s and dialled anew within 3 s more. */
export const defaultBounds: Bounds = {
  lookupMs: 10_000,
  connectMs: 3_000,
  addressMs: 700,
  doubtfulIdleMs: 4_000,
  pageIdleMs: 10_000,
  pageTotalMs: 30_000,
  pageBytes: 64 * 1024 * 1024,
  pageItems: 100,
  pages: 10_000,
  watchSeconds: 8,
  watchGraceMs: 2_000,
  lineBytes: 8 * 1024 * 1024,
  connectionAgeMs: 300_000,
  backoffFirstMs: 250,
  backoffMaxMs: 5_000,
  retryAfterMaxMs: 10_000,
}
