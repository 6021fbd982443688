/**
 * The metrics of kube-state-metrics that can stand in for the exporter's own nodes.
 * Source: https://github.com/kubernetes/kube-state-metrics/blob/main/docs/metrics/cluster/node-metrics.md
 */
const node = ['cluster', 'node'] as const

export const kubeStateMetrics = {
  kube_node_status_condition: { labels: [...node, 'condition', 'status'] },
  kube_node_spec_unschedulable: { labels: node },
  kube_node_spec_taint: { labels: [...node, 'key', 'value', 'effect'] },
  kube_node_created: { labels: node },
  kube_node_deletion_timestamp: { labels: node },
} as const
