/** Cause above effect, on one time axis: one moment is at one place in every panel. */
import { defaultConfig } from '../../alerts/config.ts'
import { formatDuration } from '../../alerts/durations.ts'
import { colors, levels } from '../colors.ts'
import { sharedAxisWidth as axisWidth, type State, stateTimeline, timeSeries } from '../panels.ts'
import { clusters as scope } from '../promql.ts'
import { addressStates, addressTimeline, answerTimeline } from '../queries/changes.ts'
import {
  connections,
  connectionsStalled,
  leftReadyShare,
  notReadyRatio,
  notReadyShareByReason,
  staleShare,
} from '../queries/nodes.ts'
import { percent } from '../words.ts'

const { not_ready_warning_ratio, not_ready_critical_ratio, stale_ratio, flapped_ratio, flapped_window } = defaultConfig
const notReadyLevels = levels({ warning: not_ready_warning_ratio, critical: not_ready_critical_ratio })

export function addresses() {
  return stateTimeline(
    {
      title: 'Addresses of the load balancers',
      description:
        'A lane for each address. Pending: has a network interface, not in DNS yet. Active: in DNS. Retired: left DNS. Dead: its interface is deleted, whoever is connected to it hangs. A lane ends when the retention is over.',
      noValue: 'No load balancer is watched in this cluster, or collector load_balancers fails',
      unit: 'none',
    },
    [{ of: addressTimeline(scope), legend: '{{address}} {{load_balancer}}' }],
    [
      { value: addressStates.pending, text: 'pending', color: colors.light },
      { value: addressStates.active, text: 'active', color: colors.good },
      { value: addressStates.retired, text: 'retired', color: colors.warning },
      { value: addressStates.dead, text: 'dead', color: colors.critical },
    ],
  )
}

export function answers() {
  return stateTimeline(
    {
      title: 'DNS answers of each resolver',
      description:
        'A lane for each record that a resolver answers for some watched hostname, for as long as it does. Orange: the address has left its load balancer, so this resolver still sends clients to it. The DNS board tells the hostnames apart.',
      noValue: 'No hostname is watched in this cluster, or collector dns fails',
      unit: 'none',
    },
    [{ of: answerTimeline(scope, ['resolver']), legend: '{{answer}} @{{resolver}}' }],
    answerStates,
  )
}

export const answerStates: readonly State[] = [
  { value: 1, text: 'answered', color: colors.good },
  { value: 2, text: 'answered, but it left', color: colors.warning },
]

export function notReady() {
  return timeSeries(
    {
      title: 'Nodes not ready, by reason',
      description: `Share of the nodes that should be ready and are not, by reason. NodeStatusUnknown: the kubelet does not report, the sign of this outage. Dashed: ${percent(not_ready_warning_ratio)} warns, ${percent(not_ready_critical_ratio)} pages.`,
      noValue: 'No nodes are read: unknown, not zero. See collector nodes on the exporter board',
      unit: 'percentunit',
    },
    [
      { of: notReadyShareByReason(scope), legend: '{{reason}} {{cluster}}' },
      { of: notReadyRatio(scope), legend: 'all {{cluster}}', color: colors.critical, line: true },
    ],
    { steps: notReadyLevels, stacked: true, max: 1, axisWidth },
  )
}

export function heartbeats() {
  return timeSeries(
    {
      title: 'Stale heartbeats, and nodes that left Ready',
      description: `Stale: share of nodes whose lease is late, seconds before they are NotReady. Left Ready: share that did so within ${formatDuration(flapped_window)}, also when all are back, as in the flap of newer kubelets. Dashed: ${percent(stale_ratio)} stale and ${percent(flapped_ratio)} flapped warn.`,
      noValue: 'Neither leases nor nodes are read: unknown, not zero',
      unit: 'percentunit',
    },
    [
      { of: staleShare(scope), legend: 'stale heartbeats {{cluster}}', color: colors.warning },
      { of: leftReadyShare(scope), legend: 'left Ready {{cluster}}', color: colors.purple },
    ],
    { steps: levels({ warning: stale_ratio, critical: flapped_ratio }), max: 1, axisWidth },
  )
}

export function stalledConnections() {
  return timeSeries(
    {
      title: 'Connections to the API, and those that wait',
      description:
        'TCP connections of all machines with an agent to the addresses of watched hostnames. To retired addresses: the next outage, before it happens. Stalled: sent, and no acknowledgement comes.',
      noValue: 'No agents run in this cluster (config section connections), or none is scraped',
      unit: 'none',
    },
    [
      { of: connections(scope), legend: 'open, to {{state}} addresses' },
      { of: connectionsStalled(scope), legend: 'stalled, to {{state}} addresses' },
    ],
    { axisWidth },
  )
}
