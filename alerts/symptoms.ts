/** What a cluster suffers, whatever the cause: nodes that are not ready, heartbeats and connections that stall. */
import type { RulesConfig } from './config.ts'
import { durationInWords } from './durations.ts'
import { nodeQuestions } from './nodes.ts'
import {
  aggregate,
  combine,
  join,
  max,
  select,
  selectRecorded,
  type TargetLabel,
  type Vector,
  where,
} from './promql.ts'
import type { Recording, Recordings } from './recordings.ts'
import type { Alert } from './rule.ts'
import {
  byFirst,
  byValue,
  clusterFirst,
  clusterName,
  countedNodes,
  list,
  number,
  ofAlert,
  percent,
  plural,
  valueNumber,
  valuePercent,
} from './text.ts'

export function symptomAlerts(config: RulesConfig, recorded: Recordings): Alert[] {
  return [
    ...notReadyRatioHigh(config, recorded),
    nodesFlapped(config, recorded),
    heartbeatsStale(config, recorded),
    ...connectionsStalled(config, recorded),
    connectionsToRetired(config),
  ]
}

const cluster = ofAlert('cluster')

function notReadyRatioHigh(config: RulesConfig, recorded: Recordings): Alert[] {
  const ratio = selectRecorded(recorded.notReadyRatio)
  const many = where(selectRecorded(recorded.notReady), '>=', config.mass_nodes)
  const since = nodeQuestions(config).notReadySince({ cluster })
  const names = list({ vector: since, label: 'node', limit: config.names_shown, before: ': ' })
  const notReady = selectRecorded(recorded.notReady, { cluster })
  const counted = `${number(notReady)} of ${total(recorded)}`
  const alert = (bound: number, forMs: number) => ({
    alert: 'KubernetesNodesNotReadyRatioHigh',
    forMs,
    summary: `${clusterFirst}${valuePercent} of nodes not ready (${counted})`,
    description: `${counted} of ${clusterName} ${plural(notReady, 'is', 'are')} not ready${names}.\nAbove ${percent(bound)} for ${durationInWords(forMs)}. Look for what they share: a zone, a network, the path to the Kubernetes API.`,
    board: 'elb-churn-incident' as const,
  })
  const { not_ready_warning_ratio: warning, not_ready_critical_ratio: critical } = config
  return [
    {
      ...alert(warning, config.not_ready_warning_for),
      severity: 'warning',
      expression: join(where(ratio, '>', warning), 'and', ['cluster'], many),
    },
    {
      ...alert(critical, config.not_ready_critical_for),
      severity: 'critical',
      keepFiringForMs: config.keep_firing_for,
      expression: join(where(ratio, '>=', critical), 'and', ['cluster'], many),
    },
  ]
}

function nodesFlapped(config: RulesConfig, recorded: Recordings): Alert {
  const window = durationInWords(config.flapped_window)
  const notReady = selectRecorded(recorded.notReady, { cluster })
  const counted = `${valueNumber} of ${total(recorded)}`
  return {
    alert: 'KubernetesNodesFlapped',
    severity: 'warning',
    expression: many(recorded.leftReady, recorded.nodes, config.flapped_ratio, config.mass_nodes),
    forMs: 0,
    summary: `${clusterFirst}${counted} left Ready within ${window}`,
    description: `${counted} of ${clusterName} left Ready within ${window}${number(notReady, '; ', ` ${byFirst('is', 'are')} not ready now`)}.\nKubelets with HTTP/2 ping lose a dead address after 45 seconds, past the 40 seconds of grace: nodes flap all at once and come back.`,
    board: 'elb-churn-incident',
  }
}

function heartbeatsStale(config: RulesConfig, recorded: Recordings): Alert {
  const counted = `${valueNumber} of ${total(recorded)}`
  const oldest = max(['cluster'], select('elbchurn_node_heartbeat_age_max_seconds', { cluster }, config.selector))
  return {
    alert: 'KubeletHeartbeatsStale',
    severity: 'warning',
    expression: many(recorded.nodesStale, recorded.nodes, config.stale_ratio, config.mass_nodes),
    forMs: config.stale_for,
    summary: `${clusterFirst}heartbeats of ${counted} are stale`,
    description: `${counted} of ${clusterName} ${byValue('does not renew its lease', 'do not renew their leases')}${number(oldest, '; the oldest renewal was ', ' seconds ago')}.\nThe node controller marks them NotReady after 40 seconds without a renewal, 50 since Kubernetes 1.32.`,
    board: 'elb-churn-incident',
  }
}

function connectionsStalled(config: RulesConfig, recorded: Recordings): Alert[] {
  const agents = selectRecorded(recorded.agents, { cluster })
  const hostnames = max(
    ['cluster', 'hostname'],
    where(select('elbchurn_connections_stalled', { cluster, state: 'retired' }, config.selector), '>', 0),
  )
  const named = list({
    vector: hostnames,
    label: 'hostname',
    limit: config.names_shown,
    before: ' of ',
  })
  const counted = `${valueNumber}${number(agents, ' of ')} ${plural(agents, 'machine', 'machines')}`
  const alert = (forMs: number) => ({
    alert: 'ConnectionsStalledToRetiredAddress',
    forMs,
    summary: `${clusterFirst}${counted} ${byValue('waits', 'wait')} on a retired address`,
    description: `${counted} of ${clusterName} ${byValue('has', 'have')} had connections with unacknowledged data to a retired address${named} for ${durationInWords(forMs)}.\nThe address left DNS and no longer answers; the kernel gives such a connection up after about 15 minutes.`,
    board: 'elb-churn-incident' as const,
  })
  return [
    {
      ...alert(config.stalled_critical_for),
      severity: 'critical',
      keepFiringForMs: config.keep_firing_for,
      expression: many(recorded.agentsStalled, recorded.agents, config.stalled_critical_ratio, config.mass_nodes),
    },
    {
      ...alert(config.stalled_warning_for),
      severity: 'warning',
      expression: where(selectRecorded(recorded.agentsStalled), '>', 0),
    },
  ]
}

function connectionsToRetired(config: RulesConfig): Alert {
  const { selector, exporter_labels: labels, retired_connections_for: forMs } = config
  const agent = ['cluster', 'hostname', ...(labels as readonly TargetLabel[])] as const
  const open = max(agent, select('elbchurn_connections', { state: 'retired' }, selector))
  return {
    alert: 'ConnectionsToRetiredAddress',
    severity: 'warning',
    expression: aggregate('count', ['cluster', 'hostname'], where(open, '>', 0)),
    forMs,
    summary: `${clusterFirst}${valueNumber} ${byValue('machine still uses', 'machines still use')} retired addresses of {{ $labels.hostname }}`,
    description: `${valueNumber} ${byValue('machine', 'machines')} of ${clusterName} ${byValue('has', 'have')} held connections to addresses of {{ $labels.hostname }} that left DNS for over ${durationInWords(forMs)}.\nThey still work; when the address goes, they stall all at once. Restart what holds them, in batches.`,
    board: 'elb-churn-incident',
  }
}

/** `some` where it is a share of `all`, and not a few of few. */
function many(some: ClusterCount, all: ClusterCount, share: number, least: number): Vector<'cluster'> {
  const enough = where(selectRecorded(some), '>=', least)
  const whole = where(selectRecorded(all), '>', 0)
  return join(enough, 'and', ['cluster'], where(combine(selectRecorded(some), '/', ['cluster'], whole), '>=', share))
}

type ClusterCount = Recording<'cluster'>

function total(recorded: Recordings): string {
  return countedNodes(selectRecorded(recorded.nodes, { cluster }))
}
