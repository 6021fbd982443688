/** What a cluster suffers: nodes that are not ready, heartbeats that are late, connections that stall. */
import { defaultConfig } from '../../alerts/config.ts'
import { nodeQuestions } from '../../alerts/nodes.ts'
import {
  aggregate,
  calculate,
  combine,
  max,
  oneOf,
  or,
  select,
  selectRecorded,
  type Vector,
  where,
} from '../../alerts/promql.ts'
import { recordings } from '../../alerts/recordings.ts'
import { increase, maxWithout, type Scope, shareOf } from '../promql.ts'

const recorded = recordings(defaultConfig)
/** Labels of the process that tells, not of what it tells. */
const tellers = ['job', 'instance', 'namespace', 'pod', 'service', 'endpoint', 'container']

/** 0 to 1. Where the exporter has no rights on nodes, what the alerts recorded from kube-state-metrics stands in. */
export function notReadyRatio({ config, cluster }: Scope): Vector<'cluster'> {
  const questions = nodeQuestions(config)
  const ratio = questions.notReadyRatio(questions.notReady(), questions.total())
  return or(ratio, selectRecorded(recorded.notReadyRatio, { cluster }))
}

export function notReady({ config, cluster }: Scope): Vector<'cluster'> {
  return or(nodeQuestions(config).notReady(), selectRecorded(recorded.notReady, { cluster }))
}

export function nodes({ config, cluster }: Scope): Vector<'cluster'> {
  return or(nodeQuestions(config).total(), selectRecorded(recorded.nodes, { cluster }))
}

/** Share of all nodes, by the reason of the Ready condition; of the nodes that are listed one by one. */
export function notReadyShareByReason(scope: Scope): Vector<'cluster' | 'reason'> {
  const since = select('elbchurn_node_not_ready_since_timestamp_seconds', {}, scope.matchers)
  const listed = aggregate('count', ['cluster', 'reason'], max(['cluster', 'node', 'reason'], since))
  return shareOf(listed, ['cluster'], where(nodeQuestions(scope.config).total(), '>', 0))
}

/** Nodes that left Ready within the window of KubernetesNodesFlapped, as a share of all. */
export function leftReadyShare({ config }: Scope): Vector<'cluster'> {
  const questions = nodeQuestions(config)
  const all = where(questions.total(), '>', 0)
  return combine(questions.leftReady(config.flapped_window), '/', ['cluster'], all)
}

/** Since when each is not ready, in milliseconds. */
export function notReadySince({ matchers }: Scope): Vector<'node' | 'reason'> {
  const since = select('elbchurn_node_not_ready_since_timestamp_seconds', {}, matchers)
  return calculate(max(['node', 'reason'], since), '*', 1_000)
}

/** Nodes not ready, by the labels that `group_by` of the config adds, the zone for one. */
export function notReadyByGroup({ matchers }: Scope) {
  const notReady = select('elbchurn_nodes', { ready: oneOf('false', 'unknown') }, matchers)
  return where(maxWithout(notReady, tellers), '>', 0)
}

/** Node-seconds within the range of the board. */
export function nodeSecondsLost({ matchers }: Scope): Vector<'cluster'> {
  const lost = increase(select('elbchurn_node_not_ready_seconds_total', {}, matchers), '$__range')
  return aggregate('sum', ['cluster'], max(['cluster', 'reason'], lost))
}

export function staleHeartbeats({ matchers }: Scope): Vector<'cluster'> {
  return max(['cluster'], select('elbchurn_nodes_heartbeat_stale', {}, matchers))
}

export function staleShare(scope: Scope): Vector<'cluster'> {
  const all = where(nodeQuestions(scope.config).total(), '>', 0)
  return combine(staleHeartbeats(scope), '/', ['cluster'], all)
}

/** Seconds. */
export function oldestHeartbeat({ matchers }: Scope): Vector<'cluster'> {
  return max(['cluster'], select('elbchurn_node_heartbeat_age_max_seconds', {}, matchers))
}

/** Connections of all machines: each agent tells of its own. */
export function connections({ matchers }: Scope): Vector<'state'> {
  return aggregate('sum', ['state'], select('elbchurn_connections', {}, matchers))
}

export function connectionsStalled({ matchers }: Scope): Vector<'state'> {
  return aggregate('sum', ['state'], select('elbchurn_connections_stalled', {}, matchers))
}

/** Machines that wait on a retired address; 0 only where agents run. */
export function machinesStalled({ config }: Scope): Vector<'cluster'> {
  const { agents, agentsStalled } = recordings(config)
  return or(agentsStalled.expression, calculate(agents.expression, '*', 0))
}
