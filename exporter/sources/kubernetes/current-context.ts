/** What a kubectl on this machine, or a program in this pod, would talk to. */
export interface CurrentContext {
  /** Name of the cluster in the kubeconfig; `in-cluster` in a pod. */
  readonly cluster: string
  /** URL of its API server. */
  readonly server: string
  readonly inCluster: boolean
}

/**
 * By $KUBECONFIG, then ~/.kube/config, then the service account of the pod. Undefined where none of these is there.
 * Throws where one is there and cannot be read.
 */
export async function currentContext(): Promise<CurrentContext | undefined> {
  const { KubeConfig } = await import('./kube-config.ts')
  const config = new KubeConfig()
  config.loadFromDefault()
  const cluster = config.getCurrentCluster()
  // With nothing to load, the library makes up a server on localhost under this name.
  if (cluster === null || config.getCurrentContext() === 'loaded-context') return undefined
  const inCluster = config.getCurrentContext() === 'inClusterContext'
  return { cluster: inCluster ? 'in-cluster' : cluster.name, server: cluster.server, inCluster }
}
