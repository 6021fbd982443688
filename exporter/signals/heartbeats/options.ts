/** What the config section `nodes` of one cluster says of heartbeats, with its defaults filled in. */
export interface HeartbeatsOptions {
  /** Path of a kubeconfig; absent: KUBECONFIG or ~/.kube/config, unless `inCluster`. */
  readonly kubeconfig?: string
  /** Context of that kubeconfig; absent: its current one. */
  readonly context?: string
  readonly inCluster: boolean
  /** The heartbeat of a node whose lease was not renewed for so long is stale. */
  readonly heartbeatStaleAfterMs: number
}
