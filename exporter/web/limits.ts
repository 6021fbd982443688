/** Bounds of what a client may take, slow or many. docs/web-config.md tells them. */
export interface Limits {
  /** From the connection to the end of the TLS handshake. */
  readonly handshakeMs: number
  /** From the first byte of a request, or the connection, to the end of its header. */
  readonly headersMs: number
  /** To the end of its body. */
  readonly requestMs: number
  /** From the header of a request until the client has read the whole answer. */
  readonly answerMs: number
  /** The same where the request is sent away: with 401, 429 or 503. */
  readonly refusalMs: number
  /** A connection on which nothing moves. */
  readonly idleMs: number
  /** How often the first three are looked at. */
  readonly checkEveryMs: number
  readonly maxConnections: number
  /** Requests under way, of any kind, of those who may ask. */
  readonly maxRequests: number
  readonly maxHeaderBytes: number
  readonly maxBodyBytes: number
  /** Requests under way on one HTTP/1.1 connection, sent without waiting for answers. */
  readonly maxPipelined: number
  /** Requests under way on one HTTP/2 connection: a share of all, so that one client leaves some to others. */
  readonly maxStreams: number
}

export const defaultLimits: Limits = {
  handshakeMs: 10_000,
  headersMs: 10_000,
  requestMs: 10_000,
  answerMs: 60_000,
  refusalMs: 1_000,
  idleMs: 65_000,
  checkEveryMs: 1_000,
  maxConnections: 512,
  maxRequests: 256,
  maxHeaderBytes: 16 * 1024,
  maxBodyBytes: 16 * 1024,
  maxPipelined: 8,
  maxStreams: 32,
}
