/** Who exactly: the nodes, their zones, the alerts. */
import type { Row } from '../board.ts'
import { clusters as scope } from '../promql.ts'
import { listed } from '../queries/alerts.ts'
import { notReadyByGroup, notReadySince } from '../queries/nodes.ts'
import { openTable, table } from '../tables.ts'

export function tableRow(): Row {
  return {
    height: 9,
    panels: [
      {
        width: 10,
        panel: table(
          {
            title: 'Which nodes are not ready',
            description:
              'Each node that should be ready and is not, the longest first; at most 1,000. These are the ones to restart kubelet on.',
            noValue: 'None listed. Trust it only while "Nodes not ready" on top shows a number',
            unit: 'none',
          },
          [
            { title: 'Node', of: 'node' },
            { title: 'Reason', of: 'reason' },
            { title: 'Since', of: notReadySince(scope), unit: 'dateTimeAsIso' },
          ],
          { sortBy: { title: 'Since', descending: false } },
        ),
      },
      {
        width: 6,
        panel: openTable(
          {
            title: 'Not ready by zone',
            description:
              'Nodes not ready by the labels that group_by of the config names: one zone alone points to its network, all zones to the load balancer.',
            noValue: 'None. Trust it only while "Nodes not ready" on top shows a number',
            unit: 'none',
          },
          notReadyByGroup(scope),
          { regex: '^(?:topology_kubernetes_io_)?(.+)$', to: '$1' },
        ),
      },
      {
        width: 8,
        panel: table(
          {
            title: 'Alerts of this cluster',
            description: 'What fires now and what is pending. The list of all rules is linked on top of the board.',
            noValue: 'No alert, or the rules are not loaded: see the verdict',
            unit: 'none',
          },
          [
            { title: 'Alert', of: 'alertname' },
            { title: 'State', of: 'alertstate', width: 80 },
            { title: 'Severity', of: 'severity', width: 80 },
            { title: 'Load balancer', of: 'load_balancer' },
            { title: 'Hostname', of: 'hostname' },
            { title: 'Collector', of: 'collector' },
            { title: 'Count', of: listed(scope), width: 60 },
          ],
          { sortBy: { title: 'Severity', descending: false } },
        ),
      },
    ],
  }
}
