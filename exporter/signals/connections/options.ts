/** The config section `connections` of one cluster, with its defaults filled in. */
export interface ConnectionsOptions {
  /** The folder in which `1/net` is the host's. */
  readonly proc: string
}
