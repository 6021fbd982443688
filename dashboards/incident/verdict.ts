/** What is going on, in words and numbers, and what to do first. */
import { BigValueTextMode } from '@grafana/grafana-foundation-sdk/common'
import { defaultConfig } from '../../alerts/config.ts'
import type { Row } from '../board.ts'
import { colors, levels } from '../colors.ts'
import { boardUrl, runbook } from '../links.ts'
import { type State, stat, text } from '../panels.ts'
import { clusters as scope } from '../promql.ts'
import { verdict, verdicts } from '../queries/alerts.ts'
import { addressesLeft, addressStates, lastRemoval } from '../queries/changes.ts'
import { machinesStalled, nodeSecondsLost, notReadyRatio, oldestHeartbeat, staleShare } from '../queries/nodes.ts'
import { percent } from '../words.ts'

export const linkedPage = 'KubeletsStrandedByELBChange'
const { not_ready_warning_ratio, not_ready_critical_ratio, stale_ratio } = defaultConfig

const answersOfVerdict: readonly State[] = [
  { value: verdicts.byElb, text: 'Yes: an ELB address left', color: colors.critical },
  { value: verdicts.byDns, text: 'Yes: a DNS answer changed', color: colors.critical },
  { value: verdicts.before, text: 'Not now, but in this range', color: colors.warning },
  { value: verdicts.no, text: 'No', color: colors.good },
]

const leftStates: readonly State[] = [
  { value: addressStates.retired, text: 'retired', color: colors.warning },
  { value: addressStates.dead, text: 'dead', color: colors.critical },
]

export function verdictRow(): Row {
  return {
    height: 4,
    panels: [
      {
        width: 6,
        panel: stat(
          {
            title: 'Is it this outage?',
            description: `Yes while ${linkedPage} or KubeletsStrandedByDNSChange fires: an address left, and nodes are stranded. Blue: neither fires and neither did in the time range.`,
            noValue: 'Cannot tell: alert rules are not loaded',
            unit: 'none',
          },
          [{ of: verdict(scope), legend: 'verdict' }],
          { states: answersOfVerdict },
        ),
      },
      {
        width: 5,
        panel: stat(
          {
            title: 'Load balancers that lost an address',
            description: 'Each with the time since it last lost one, where that was within the time range.',
            noValue: 'None in this range',
            unit: 'dateTimeFromNow',
          },
          [{ of: lastRemoval(scope), legend: '{{load_balancer}}' }],
          { base: colors.warning, show: BigValueTextMode.ValueAndName },
        ),
      },
      {
        width: 5,
        panel: stat(
          {
            title: 'Addresses that left',
            description:
              'Addresses that left DNS within the time range and are not back; dead: its network interface is deleted too. Kubelets that still hold connections to them are the ones that hang.',
            noValue: 'None in this range',
            unit: 'none',
          },
          [{ of: addressesLeft(scope), legend: '{{address}}' }],
          { states: leftStates, show: BigValueTextMode.ValueAndName },
        ),
      },
      {
        width: 4,
        panel: stat(
          {
            title: 'Nodes not ready',
            description: `Share of the nodes that should be ready and are not, now. Colours change at ${percent(not_ready_warning_ratio)} and ${percent(not_ready_critical_ratio)}, as KubernetesNodesNotReadyRatioHigh does.`,
            noValue: 'Unknown: no nodes are read',
            unit: 'percentunit',
          },
          [{ of: notReadyRatio(scope), legend: '{{cluster}}' }],
          { steps: levels({ warning: not_ready_warning_ratio, critical: not_ready_critical_ratio }), decimals: 0 },
        ),
      },
      {
        width: 4,
        panel: stat(
          {
            title: 'Node-seconds lost',
            description:
              'Seconds that nodes were not ready, added up over nodes and the time range: the size of the incident so far. Flaps between two scrapes count.',
            noValue: 'Unknown: no nodes are read',
            unit: 'none',
          },
          [{ of: nodeSecondsLost(scope), legend: '{{cluster}}' }],
          { steps: [{ from: 1, color: colors.warning }], decimals: 0 },
        ),
      },
    ],
  }
}

export function adviceRow(): Row {
  const advice = [
    '**Yes:** restart kubelet on the nodes listed below, in batches; their connections end with it',
    `([runbook](${runbook(linkedPage)})). Without it they come back after about 15 minutes.`,
    '**No, but nodes are not ready:** look for what those nodes share',
    `([runbook](${runbook('KubernetesNodesNotReadyRatioHigh')})).`,
    `**Cannot tell:** see whether collectors are up ([exporter](${boardUrl('elb-churn-exporter')})).`,
  ]
  return {
    height: 3,
    panels: [
      { width: 12, panel: text('What to do', 'The first step for each verdict.', advice.join(' ')) },
      {
        width: 4,
        panel: stat(
          {
            title: 'Stale heartbeats',
            description: `Share of nodes whose lease was not renewed for 25 s: seen before they are NotReady. Colour changes at ${percent(stale_ratio)}, as KubeletHeartbeatsStale does.`,
            noValue: 'Unknown: no leases are read',
            unit: 'percentunit',
          },
          [{ of: staleShare(scope), legend: '{{cluster}}' }],
          { steps: levels({ warning: stale_ratio }), decimals: 0 },
        ),
      },
      {
        width: 4,
        panel: stat(
          {
            title: 'Oldest heartbeat',
            description:
              'Age of the oldest lease renewal. Kubelets renew every 10 s; the node controller gives up after 40 s, 50 s since Kubernetes 1.32.',
            noValue: 'Unknown: no leases are read',
            unit: 's',
          },
          [{ of: oldestHeartbeat(scope), legend: '{{cluster}}' }],
          { steps: levels({ warning: 25, critical: 40 }), decimals: 0 },
        ),
      },
      {
        width: 4,
        panel: stat(
          {
            title: 'Machines that wait',
            description:
              'Machines whose connections to a retired address wait for acknowledgements: agents on nodes see this first.',
            noValue: 'No agents run',
            unit: 'none',
          },
          [{ of: machinesStalled(scope), legend: '{{cluster}}' }],
          { steps: levels({ warning: 1, critical: defaultConfig.mass_nodes }) },
        ),
      },
    ],
  }
}
