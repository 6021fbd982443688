/**
 * What the collectors of one cluster tell each other, since they never import each other. Each view has one that tells
 * it, and reads as unknown until then. The values are live: they are asked anew each time.
 */
import { View } from '../core/view.ts'
import type { Question } from '../sources/dns/client.ts'

/** Told by the collector of nodes. */
export interface ExpectedNodes {
  /** true where the cluster has the node and it should be ready: not new, not cordoned, not about to go. */
  has(node: string): boolean
}

/** Told by the collector of nodes, at least once a second while it knows. A new object each time. */
export interface Readiness {
  /** Nodes that should be ready. */
  readonly expected: number
  readonly notReady: number
}

/** Told by the collector of DNS answers. */
export interface WatchedAnswers {
  /** One for each name, type and resolver of the config. */
  all(): readonly WatchedAnswer[]
}

export interface WatchedAnswer {
  readonly question: Question
  readonly resolver: string
  /** By the last good answers, also where the resolver fails now; undefined where it never gave one. */
  readonly records: readonly string[] | undefined
}

/** Told by the collector of load balancers. */
export interface AddressesInSight {
  all(): readonly AddressInSight[]
}

export interface AddressInSight {
  readonly loadBalancer: string
  readonly address: string
  readonly state: 'active' | 'retired'
}

export interface ClusterViews {
  readonly nodes: View<ExpectedNodes>
  readonly readiness: View<Readiness>
  readonly answers: View<WatchedAnswers>
  readonly addresses: View<AddressesInSight>
}

export function clusterViews(): ClusterViews {
  return { nodes: new View(), readiness: new View(), answers: new View(), addresses: new View() }
}
