/** Rows that the page shows of each kind, so that it stays small and fast whatever is watched. */
export interface Caps {
  readonly loadBalancers: number
  readonly addresses: number
  /** Of a load balancer with no news. */
  readonly calmAddresses: number
  readonly questions: number
  readonly records: number
  readonly resolvers: number
  readonly nodes: number
  readonly changes: number
  readonly connections: number
}

/** Clusters shown whole; the others have one line each. */
export const clustersWhole = 8
export const clusterLines = 100
export const problemsShown = 12

/** Many clusters share what one would have. */
export function capsFor(clusters: number): Caps {
  const share = (most: number, least: number) =>
    Math.max(least, Math.floor(most / Math.min(clusters || 1, clustersWhole)))
  return {
    loadBalancers: share(12, 3),
    addresses: 12,
    calmAddresses: 5,
    questions: share(16, 4),
    records: 16,
    resolvers: 6,
    nodes: share(24, 6),
    changes: share(20, 5),
    connections: share(20, 5),
  }
}
