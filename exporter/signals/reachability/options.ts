/** The config section `reachability` of one cluster, with its defaults filled in. */
export interface ReachabilityOptions {
  readonly port: number
  /** Bound of one connect. */
  readonly timeoutMs: number
}
