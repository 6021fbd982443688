/** Expressions that alerts and dashboards share, recorded under names of the form level:metric:operation. */
import type { RulesConfig } from './config.ts'
import { formatDuration } from './durations.ts'
import { nodeQuestions } from './nodes.ts'
import {
  aggregate,
  ago,
  apply,
  combine,
  join,
  leastOver,
  max,
  oneOf,
  or,
  over,
  select,
  selectRecorded,
  spread,
  type TargetLabel,
  type Vector,
  where,
  younger,
} from './promql.ts'

export interface Recording<L extends string> {
  readonly record: string
  readonly labels: readonly L[]
  readonly expression: Vector<L>
}

/**
 * A change is taken as the first one that a look back saw while it was so young. Without that, one from before the window
 * would be its first value.
 */
const freshSeconds = 300

/** In the order in which they are evaluated: each needs only those before it. */
export type Recordings = ReturnType<typeof recordings>

export function recordings(config: RulesConfig) {
  return { ...nodeRecordings(config), ...changeRecordings(config), ...agentRecordings(config) }
}

function nodeRecordings(config: RulesConfig) {
  const questions = nodeQuestions(config)
  const window = formatDuration(config.flapped_window)
  const stale = max(['cluster'], select('elbchurn_nodes_heartbeat_stale', {}, config.selector))
  const nodes = record('cluster:elbchurn_nodes:max', questions.total())
  const notReady = record('cluster:elbchurn_nodes_not_ready:max', questions.notReady())
  const nodesStale = record('cluster:elbchurn_nodes_heartbeat_stale:max', stale)
  return {
    nodes,
    notReady,
    notReadyRatio: record(
      'cluster:elbchurn_nodes_not_ready_ratio:max',
      questions.notReadyRatio(selectRecorded(notReady), selectRecorded(nodes)),
    ),
    nodesStale,
    staleRatio: record(
      'cluster:elbchurn_nodes_heartbeat_stale:ratio',
      combine(selectRecorded(nodesStale), '/', ['cluster'], where(selectRecorded(nodes), '>', 0)),
    ),
    // A kubelet that is cut off is first stale, then not ready: the larger of the two counts, not their sum.
    stranded: record(
      'cluster:elbchurn_nodes_stranded:max',
      or(
        or(
          combine(selectRecorded(notReady), '>=', ['cluster'], selectRecorded(nodesStale)),
          selectRecorded(nodesStale),
        ),
        selectRecorded(notReady),
      ),
    ),
    leftReady: record(
      `cluster:elbchurn_nodes_left_ready:increase${window}`,
      questions.leftReady(config.flapped_window),
    ),
  }
}

function changeRecordings(config: RulesConfig) {
  const { selector, change_window: window } = config
  // Over the window, so that a change is remembered while the exporter is away, or has come back without its state.
  const elbChange = select('elbchurn_elb_address_last_change_timestamp_seconds', {}, selector)
  const lastChange = record(
    'cluster_load_balancer:elbchurn_elb_address_last_change_timestamp_seconds:max',
    max(['cluster', 'load_balancer', 'change'], over('max_over_time', elbChange, window)),
  )
  const dnsChange = select('elbchurn_dns_answer_last_change_timestamp_seconds', {}, selector)
  const firstSeen = record(
    'cluster_load_balancer_address:elbchurn_elb_address_retired_timestamp_seconds:min',
    firstSeenRetired(config),
  )
  const dnsLastChange = record(
    'cluster_hostname:elbchurn_dns_answer_last_change_timestamp_seconds:max',
    max(['cluster', 'hostname', 'type'], over('max_over_time', dnsChange, window)),
  )
  const removal = max(['cluster', 'load_balancer'], selectRecorded(lastChange, { change: 'removed' }))
  const seen = selectRecorded(firstSeen)
  return {
    lastChange,
    // Of several within the window, the first: nodes that it stranded are its victims when another address leaves later.
    firstChange: record(
      'cluster_load_balancer:elbchurn_elb_address_first_change_timestamp_seconds:min',
      firstOf(config, ['cluster', 'load_balancer', 'change'], elbChange, lastChange),
    ),
    firstSeen,
    // A scrape sees it some seconds after it left, but no address left after the last removal.
    addressLeft: record(
      'cluster_load_balancer_address:elbchurn_elb_address_left_timestamp_seconds:min',
      or(spread(removal, '<', ['cluster', 'load_balancer'], seen), seen),
    ),
    // The one that sees them differ is right: another may ask fewer resolvers.
    resolversAgree: record(
      'cluster_hostname:elbchurn_dns_resolvers_agree:min',
      aggregate('min', ['cluster', 'hostname', 'type'], select('elbchurn_dns_resolvers_agree', {}, selector)),
    ),
    dnsLastChange,
    dnsFirstChange: record(
      'cluster_hostname:elbchurn_dns_answer_first_change_timestamp_seconds:min',
      firstOf(config, ['cluster', 'hostname', 'type'], dnsChange, dnsLastChange),
    ),
  }
}

/** The first change within the window that a look back saw, else the last one. */
function firstOf<L extends string>(
  config: RulesConfig,
  labels: readonly L[],
  change: Vector<L | TargetLabel>,
  last: Recording<L>,
): Vector<L> {
  const { change_window: window, since_step: step } = config
  const seen = leastOver(younger(change, freshSeconds), window, step)
  return or(aggregate('min', labels, seen), younger(selectRecorded(last), window / 1_000))
}

/** The first scrape that saw each address retired, of those that left within the window and are not back. */
function firstSeenRetired(config: RulesConfig): Vector<'cluster' | 'load_balancer' | 'address'> {
  const { selector, change_window: window, since_step: step } = config
  const each = ['cluster', 'load_balancer', 'address'] as const
  const gone = select('elbchurn_elb_address_info', { state: oneOf('retired', 'dead') }, selector)
  const active = select('elbchurn_elb_address_info', { state: 'active' }, selector)
  const first = aggregate('min', each, leastOver(apply('timestamp', gone), window, step))
  return join(join(first, 'unless', each, ago(gone, window)), 'unless', each, active)
}

function agentRecordings(config: RulesConfig) {
  const { selector } = config
  const agent = ['cluster', ...(config.exporter_labels as readonly TargetLabel[])] as const
  const stalled = select('elbchurn_connections_stalled', { state: 'retired' }, selector)
  const all = select('elbchurn_connections', {}, selector)
  return {
    agents: record('cluster:elbchurn_agents:count', aggregate('count', ['cluster'], max(agent, all))),
    agentsStalled: record(
      'cluster:elbchurn_agents_stalled:count',
      aggregate('count', ['cluster'], where(max(agent, stalled), '>', 0)),
    ),
  }
}

function record<L extends string>(name: string, expression: Vector<L>): Recording<L> {
  return { record: name, labels: expression.labels, expression }
}
