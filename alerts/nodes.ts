/** Which nodes are ready, by the exporter or by kube-state-metrics: the same questions, the same labels of the answers. */

import { farewellTaints } from '../exporter/signals/nodes/metrics.ts'
import type { RulesConfig } from './config.ts'
import {
  age,
  aggregate,
  apply,
  combine,
  growth,
  join,
  leastOver,
  type Matchers,
  max,
  oneOf,
  or,
  over,
  select,
  type TargetLabel,
  type Vector,
  where,
  whether,
  withLabel,
} from './promql.ts'

export interface NodeQuestions {
  /** Nodes that should be ready. */
  total(): Vector<'cluster'>
  notReady(): Vector<'cluster'>
  /** Absent where there are no nodes. `notReady` and `total`: the answers to the questions above. */
  notReadyRatio(notReady: Vector<'cluster'>, total: Vector<'cluster'>): Vector<'cluster'>
  /** How many left Ready within the window. */
  leftReady(windowMs: number): Vector<'cluster'>
  /** Since when each node is not ready, Unix time. */
  notReadySince(cluster?: Matchers<'cluster'>): Vector<'cluster' | 'node'>
}

export function nodeQuestions(config: RulesConfig): NodeQuestions {
  return config.nodes_source === 'exporter' ? askExporter(config) : askKubeStateMetrics(config)
}

/** Parts of a whole are summed within one process, then the largest of the processes holds: they watch the same nodes. */
export function largestSum<L extends string>(config: RulesConfig, of: Vector<L | 'cluster' | TargetLabel>) {
  const process = config.exporter_labels as readonly TargetLabel[]
  return max(['cluster'], aggregate('sum', ['cluster', ...process], of))
}

function askExporter(config: RulesConfig): NodeQuestions {
  const { selector } = config
  const notReady = { ready: oneOf('false', 'unknown') }
  return {
    total: () => largestSum(config, select('elbchurn_nodes', {}, selector)),
    notReady: () => largestSum(config, select('elbchurn_nodes', notReady, selector)),
    notReadyRatio: () => max(['cluster'], select('elbchurn_nodes_not_ready_ratio', {}, selector)),
    leftReady(windowMs) {
      const left = max(['cluster'], growth(select('elbchurn_nodes_left_ready_total', {}, selector), windowMs))
      // Exporters that lack it: a node that turns False, then Unknown counts twice, as one that flaps twice does.
      const turned = select('elbchurn_node_ready_transitions_total', { to: oneOf('false', 'unknown') }, selector)
      return or(left, largestSum(config, growth(turned, windowMs)))
    },
    notReadySince: (cluster) =>
      max(['cluster', 'node'], select('elbchurn_node_not_ready_since_timestamp_seconds', cluster, selector)),
  }
}

function askKubeStateMetrics(config: RulesConfig): NodeQuestions {
  const extra = config.kube_state_metrics_selector
  const name = config.kube_state_metrics_cluster
  const perNode = <L extends string>(of: Vector<L | 'cluster' | 'node'>) => max(['cluster', 'node'], named(of, name))
  const ready = (cluster: Matchers<'cluster'> = {}) =>
    select('kube_node_status_condition', { condition: 'Ready', status: 'true', ...(name === '' ? cluster : {}) }, extra)
  const shouldBeReady = <L extends string>(of: Vector<L | 'cluster' | 'node'>) =>
    join(perNode(of), 'unless', ['cluster', 'node'], named(excluded(config), name))
  return {
    total: () => aggregate('count', ['cluster'], shouldBeReady(ready())),
    notReady: () => aggregate('sum', ['cluster'], whether(shouldBeReady(ready()), '==', 0)),
    notReadyRatio: (notReady, total) => combine(notReady, '/', ['cluster'], where(total, '>', 0)),
    // A reset of a gauge of 0 and 1 is a fall: the node left Ready.
    leftReady: (windowMs) => {
      const left = whether(shouldBeReady(over('resets', ready(), windowMs)), '>', 0)
      return aggregate('sum', ['cluster'], left)
    },
    notReadySince(cluster) {
      const downAt = apply('timestamp', where(ready(cluster), '==', 0))
      const since = leastOver(downAt, config.change_window, config.since_step)
      const down = where(shouldBeReady(ready(cluster)), '==', 0)
      const first = aggregate('min', ['cluster', 'node'], named(since, name))
      return join(first, 'and', ['cluster', 'node'], down)
    },
  }
}

/** Nodes of which nobody expects that they are ready: cordoned, about to go, or new. */
function excluded(config: RulesConfig) {
  const extra = config.kube_state_metrics_selector
  const cordoned = where(select('kube_node_spec_unschedulable', {}, extra), '==', 1)
  const leaving = select('kube_node_spec_taint', { key: oneOf(...farewellTaints) }, extra)
  const deleted = select('kube_node_deletion_timestamp', {}, extra)
  const young = where(age(select('kube_node_created', {}, extra)), '<', config.kube_state_metrics_min_age / 1_000)
  return or(or(or(cordoned, leaving), deleted), young)
}

function named<L extends string>(of: Vector<L | 'cluster'>, cluster: string): Vector<L | 'cluster'> {
  return cluster === '' ? of : withLabel(of, 'cluster', cluster)
}
