/** The name of a Kubernetes label as a Prometheus label: `topology.kubernetes.io/zone` is `topology_kubernetes_io_zone`. */
export function groupLabel(label: string): string {
  const name = label.replaceAll(/[^a-zA-Z0-9_]/g, '_')
  return /^[0-9]/.test(name) ? `_${name}` : name
}

/** Labels that Prometheus Operator sets, and those that the metric has itself. */
export const reservedLabels: ReadonlySet<string> = new Set([
  'cluster',
  'ready',
  'endpoint',
  'instance',
  'job',
  'namespace',
  'pod',
  'service',
  'container',
])
