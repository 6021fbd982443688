/** One number for each cluster, to have the worst on top. */
import { defaultConfig } from '../../alerts/config.ts'
import { aggregate, calculate, max, or, select, type Vector, whether, withLabel } from '../../alerts/promql.ts'
import type { Scope } from '../promql.ts'
import { pages } from './alerts.ts'
import { removals } from './changes.ts'
import { notReadyRatio, staleShare } from './nodes.ts'

/** 2 where nobody can tell, 1 where a page fires, else the share of nodes not ready or with stale heartbeats. */
export function harm(scope: Scope): Vector<'cluster'> {
  const blind = calculate(nodesCollectorDown(scope), '*', 2)
  const parts = [blind, pages(scope), notReadyRatio(scope), staleShare(scope)]
  // A label of its own keeps each part of one cluster: `or` would drop all but the first.
  const told = parts.map((part, index) => withLabel(part, 'part', String(index)))
  return max(['cluster'], told.reduce(or))
}

/** Clusters that some exporter watches. */
export function clustersWatched({ matchers }: Scope): Vector<never> {
  return aggregate('count', [], max(['cluster'], select('elbchurn_collector_up', {}, matchers)))
}

export function clustersNotReady(scope: Scope): Vector<never> {
  return aggregate('sum', [], whether(notReadyRatio(scope), '>', defaultConfig.not_ready_warning_ratio))
}

/** Within the range of the board. */
export function removalsOfAll(scope: Scope): Vector<never> {
  return aggregate('sum', [], removals(scope, '$__range'))
}

/** 1 where no exporter can read the nodes of the cluster. */
function nodesCollectorDown({ matchers }: Scope): Vector<'cluster'> {
  const up = select('elbchurn_collector_up', { collector: 'nodes' }, matchers)
  return whether(max(['cluster'], up), '==', 0)
}
