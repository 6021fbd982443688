import type { MetricTable } from '../../metrics/spec.ts'

export const nodesMetrics = {
  elbchurn_nodes: {
    type: 'gauge',
    help: 'Nodes that should be ready, by the status of their Ready condition.',
    labels: ['cluster', 'ready'],
    openLabels: true,
    cardinality: '3 for each combination of group_by values, of which at most 500 are told apart',
  },
  elbchurn_nodes_excluded: {
    type: 'gauge',
    help: 'Nodes left out of elbchurn_nodes because they are new, cordoned or about to go.',
    labels: ['cluster', 'reason'],
    cardinality: '3: cordoned, deleting, young',
  },
  elbchurn_nodes_not_ready_ratio: {
    type: 'gauge',
    help: 'Share of elbchurn_nodes that are not ready, 0 to 1. Absent when there are no nodes.',
    labels: ['cluster'],
    cardinality: '1',
  },
  elbchurn_node_not_ready_since_timestamp_seconds: {
    type: 'gauge',
    help: 'When a node that should be ready stopped being so, by the transition time of its Ready condition.',
    labels: ['cluster', 'node', 'reason'],
    cardinality: '1 for each node not ready, the 1000 oldest at most',
  },
  elbchurn_nodes_omitted: {
    type: 'gauge',
    help: 'Nodes not ready beyond those in elbchurn_node_not_ready_since_timestamp_seconds.',
    labels: ['cluster'],
    cardinality: '1',
  },
  elbchurn_node_ready_transitions_total: {
    type: 'counter',
    help: 'Changes of the Ready condition of nodes that should be ready.',
    labels: ['cluster', 'to'],
    cardinality: '3: true, false, unknown',
  },
  elbchurn_nodes_left_ready_total: {
    type: 'counter',
    help: 'Nodes that left Ready; a node counts once within 5 minutes.',
    labels: ['cluster'],
    cardinality: '1',
  },
  elbchurn_node_not_ready_seconds_total: {
    type: 'counter',
    help: 'Node-seconds spent not ready by nodes that should be ready, integrated from the watch.',
    labels: ['cluster', 'reason'],
    cardinality: '51: at most 50 reasons of the Ready condition, and other',
  },
} as const satisfies MetricTable

export type NodesMetric = keyof typeof nodesMetrics

/**
 * Taints that announce a node's end, which leave it out of `elbchurn_nodes`. The rules read them here too, for those who
 * take the node signal from kube-state-metrics. Sources: https://github.com/kubernetes/autoscaler (utils/taints),
 * https://karpenter.sh/docs/concepts/disruption/ (v1 and v1beta1), https://github.com/aws/aws-node-termination-handler
 * (pkg/node), GKE's spot VMs.
 */
export const farewellTaints = [
  'ToBeDeletedByClusterAutoscaler',
  'karpenter.sh/disrupted',
  'karpenter.sh/disruption',
  'aws-node-termination-handler/spot-itn',
  'aws-node-termination-handler/scheduled-maintenance',
  'aws-node-termination-handler/asg-lifecycle-termination',
  'aws-node-termination-handler/rebalance-recommendation',
  'cloud.google.com/impending-node-termination',
] as const
