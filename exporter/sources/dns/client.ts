/** What the rest of the program sees of DNS. The implementation stands in this folder's other files. */
import type { Poll } from '../../core/poll.ts'

export const recordTypes = ['A', 'AAAA', 'CNAME', 'NS', 'SRV'] as const
export type RecordType = (typeof recordTypes)[number]

/** `system` (resolv.conf), `authoritative` (the zone's own servers), or `host:port` / `[v6]:port`. */
export type ResolverName = string

export interface Question {
  readonly hostname: string
  readonly type: RecordType
}

export interface Answer {
  /** NXDOMAIN is an answer: the name does not exist. Any other rcode is a failed poll. */
  readonly rcode: 'NOERROR' | 'NXDOMAIN'
  /** Records of the asked type at the end of the chain, canonical text, sorted, no duplicates. */
  readonly records: readonly string[]
  /** Least TTL over the chain and the records, in seconds; absent when there is no record. */
  readonly ttlSeconds?: number
  /** The CNAMEs followed, in order, without the asked name. */
  readonly chain: readonly string[]
  /** `address:port` of the server that gave the last answer. */
  readonly server: string
}

/** One packet sent and what came of it. */
export interface QueryTrace {
  readonly server: string
  readonly question: Question
  /** rcode name, or `timeout`, `malformed`, `network` */
  readonly result: string
  readonly durationMs: number
  /** true where it only finds the servers to ask: the zone, and the addresses of its servers */
  readonly helper?: true
}

/** Replies that did not fit a query and were thrown away. */
export type DropReason = 'late' | 'malformed' | 'mismatched' | 'oversized'

export interface ResolveOptions {
  readonly signal: AbortSignal
  readonly onQuery?: (trace: QueryTrace) => void
  readonly onDrop?: (server: string, reason: DropReason) => void
}

export interface DnsClient {
  /** Never throws: a failure is a `Poll` with its reason. Follows CNAMEs to the asked type unless CNAME is asked. */
  resolve(question: Question, resolver: ResolverName, options: ResolveOptions): Promise<Poll<Answer>>
  /**
   * The names that `hostname`, as people and programs write it, may stand for, to be resolved in turn: the search list of
   * the system's resolv.conf applied. Never throws: without a resolv.conf that can be read it is the hostname itself.
   */
  namesFor(hostname: string): Promise<readonly string[]>
  close(): Promise<void>
}
