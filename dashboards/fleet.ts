/** All clusters, the worst first. */
import { defaultConfig } from '../alerts/config.ts'
import type { Board, Row } from './board.ts'
import { colors, levels } from './colors.ts'
import { alertListLink, boardLinks, clusterDataLink } from './links.ts'
import { stat, timeSeries } from './panels.ts'
import { clusters as scope } from './promql.ts'
import { firingCount, pagesFiring } from './queries/alerts.ts'
import { removals, sinceDnsChange, sinceElbChange } from './queries/changes.ts'
import { clustersNotReady, clustersWatched, harm, removalsOfAll } from './queries/fleet.ts'
import { notReady, notReadyRatio, staleHeartbeats } from './queries/nodes.ts'
import { table } from './tables.ts'
import { clustersVariable, datasourceVariable } from './variables.ts'

const { not_ready_warning_ratio, not_ready_critical_ratio, change_window } = defaultConfig
const notReadyLevels = levels({ warning: not_ready_warning_ratio, critical: not_ready_critical_ratio })
/** A change is recent, and so suspect, for as long as the alerts take it for a cause. */
const recent = [{ from: change_window / 1_000, color: colors.good }]

export function fleetBoard(): Board {
  return {
    uid: 'elb-churn-fleet',
    title: 'ELB churn / Fleet',
    description: 'All clusters that some exporter watches, the worst first. Each leads to its incident board.',
    from: 'now-1h',
    variables: [datasourceVariable(), clustersVariable()],
    annotations: [],
    links: [...boardLinks('elb-churn-fleet'), alertListLink()],
    rows: [
      statRow(),
      { height: 14, panels: [{ width: 24, panel: clusterTable() }] },
      {
        height: 8,
        panels: [
          { width: 12, panel: ratios() },
          { width: 12, panel: churn() },
        ],
      },
    ],
  }
}

function statRow(): Row {
  return {
    height: 4,
    panels: [
      {
        width: 6,
        panel: stat(
          {
            title: 'Clusters watched',
            description: 'Clusters that some exporter watches now.',
            noValue: 'None: no exporter is scraped',
            unit: 'none',
          },
          [{ of: clustersWatched(scope), legend: 'clusters' }],
        ),
      },
      {
        width: 6,
        panel: stat(
          {
            title: 'Clusters with nodes not ready',
            description: `Clusters in which more than ${not_ready_warning_ratio * 100} % of the nodes are not ready.`,
            noValue: 'Unknown: no nodes are read',
            unit: 'none',
          },
          [{ of: clustersNotReady(scope), legend: 'clusters' }],
          { steps: levels({ critical: 1 }) },
        ),
      },
      {
        width: 6,
        panel: stat(
          {
            title: 'Pages firing',
            description: 'Alerts of severity critical that fire now. The table tells in which clusters.',
            noValue: 'Cannot tell: alert rules are not loaded',
            unit: 'none',
          },
          [{ of: pagesFiring(scope), legend: 'pages' }],
          { steps: levels({ critical: 1 }) },
        ),
      },
      {
        width: 6,
        panel: stat(
          {
            title: 'Addresses that left load balancers',
            description: 'In all clusters within the time range. Each can strand the kubelets connected to it.',
            noValue: 'Unknown: no load balancer is watched',
            unit: 'none',
          },
          [{ of: removalsOfAll(scope), legend: 'addresses' }],
          { steps: levels({ warning: 1 }) },
        ),
      },
    ],
  }
}

function clusterTable() {
  return table(
    {
      title: 'Clusters, worst first',
      description:
        'On top where nobody can read the nodes, then where a page fires, then by the share of nodes not ready or with stale heartbeats. An empty cell: nothing is known, or no change was ever seen. Click a cluster for its incident board.',
      noValue: 'No exporter is scraped, or none of the chosen clusters is watched',
      unit: 'none',
    },
    [
      { title: 'Cluster', of: 'cluster', links: [clusterDataLink('Cluster')] },
      {
        title: 'Nodes not ready',
        of: notReadyRatio(scope),
        unit: 'percentunit',
        base: colors.good,
        steps: notReadyLevels,
      },
      { title: 'How many', of: notReady(scope) },
      { title: 'Stale heartbeats', of: staleHeartbeats(scope) },
      { title: 'Since ELB change', of: sinceElbChange(scope), unit: 's', base: colors.warning, steps: recent },
      { title: 'Since DNS change', of: sinceDnsChange(scope), unit: 's', base: colors.warning, steps: recent },
      { title: 'Alerts firing', of: firingCount(scope) },
    ],
    { order: harm(scope) },
  )
}

function ratios() {
  return timeSeries(
    {
      title: 'Nodes not ready, over time',
      description:
        'Share of the nodes that should be ready and are not, of each cluster. Dashed: from there on it warns, and pages.',
      noValue: 'No nodes are read: unknown, not zero',
      unit: 'percentunit',
    },
    [{ of: notReadyRatio(scope), legend: '{{cluster}}' }],
    { steps: notReadyLevels, max: 1 },
  )
}

function churn() {
  return timeSeries(
    {
      title: 'Addresses that left, over time',
      description: 'How many left within each step, of each cluster.',
      noValue: 'No load balancer is watched: unknown, not zero',
      unit: 'none',
    },
    [{ of: removals(scope, '$__rate_interval'), legend: '{{cluster}}' }],
    { bars: true, interval: '1m' },
  )
}
