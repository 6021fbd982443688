/** The config section `nodes` of one cluster, with its defaults filled in. */
export interface NodesOptions {
  /** Path of a kubeconfig; absent: KUBECONFIG or ~/.kube/config, unless `inCluster`. */
  readonly kubeconfig?: string
  /** Context of that kubeconfig; absent: its current one. */
  readonly context?: string
  readonly inCluster: boolean
  /** Kubernetes node labels that become labels of `elbchurn_nodes`. */
  readonly groupBy: readonly string[]
  /** A node younger than this is left out of `nodes`. */
  readonly minAgeMs: number
}
