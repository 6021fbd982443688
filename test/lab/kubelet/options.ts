/** What a kubelet of the lab is told, and what it tells: JSON, a line each. */

import type { LookupFunction } from 'node:net'

export type Protocol = 'http1' | 'http2'

export interface KubeletOptions {
  /** Of its node and its lease. */
  readonly node: string
  readonly api: {
    readonly hostname: string
    readonly port: number
    /** `address` of the DNS server that it asks, at port 53. */
    readonly resolver: string
    /** Which of the addresses it takes, counted on from the first by number of all: a resolver turns them. */
    readonly pick: number
    /** File of the CA that signed the API's certificate, and the name in it. */
    readonly ca: string
    readonly certificateName: string
  }
  readonly protocol: Protocol
  readonly everyMs: number
  /** A moment at which it renews, and then each `everyMs`; ms since the epoch. Absent: when it starts. */
  readonly renewsAtMs?: number
  /** Bound of one request; absent: none. */
  readonly timeoutMs?: number
  /** HTTP/2 only: it pings where nothing came for `idleMs`, and leaves the connection `timeoutMs` later. */
  readonly ping?: { readonly idleMs: number; readonly timeoutMs: number }
}

export type Told =
  | { readonly event: 'dialed'; readonly address: string }
  | { readonly event: 'asked' }
  | { readonly event: 'renewed' }
  /** A request got no answer. */
  | { readonly event: 'failed'; readonly reason: string }
  /** The connection is no more, with the kernel's word for it. */
  | { readonly event: 'lost'; readonly reason: string }

/** `atMs`: since the epoch. */
export type KubeletEvent = Told & { readonly node: string; readonly atMs: number }

export type Tell = (told: Told) => void

/** The two kinds of connection a kubelet may have. */
export interface Connection {
  /** Sends one request on the connection that there is, or else dials. Rejects where no answer came. */
  put(path: string, body: string): Promise<void>
  close(): void
}

/** As client-go: net.Dialer's Timeout of 30 s. */
const dialLimitMs = 30_000

export interface Dialing {
  /** Asked for each dial, and only then. */
  readonly lookup: LookupFunction
  readonly ca: Buffer
  readonly options: KubeletOptions
  readonly tell: Tell
}

interface Dialed {
  readonly remoteAddress?: string | undefined
  once(event: 'secureConnect' | 'close', listener: () => void): unknown
  destroy(error?: Error): unknown
}

/** Tells of the connection once it stands; one that does not in time is given up. */
export function watchDial(socket: Dialed, tell: Tell): void {
  const limit = setTimeout(() => socket.destroy(new Error('dial timed out')), dialLimitMs)
  socket.once('close', () => clearTimeout(limit))
  socket.once('secureConnect', () => {
    clearTimeout(limit)
    tell({ event: 'dialed', address: socket.remoteAddress ?? '' })
  })
}

/** The kernel's word where there is one: ETIMEDOUT. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return 'code' in error && typeof error.code === 'string' ? error.code : error.message
}
