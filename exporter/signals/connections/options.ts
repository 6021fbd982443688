/** The config section `connections` of one cluster, with its defaults filled in. */
export interface ConnectionsOptions {
  /** Where /proc of the host is mounted. */
  readonly proc: string
}
