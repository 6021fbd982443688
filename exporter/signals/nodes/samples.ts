/** The gauges of a cluster's nodes, and what happened to them in words. Pure. */
import type { Sample } from '../../metrics/spec.ts'
import type { Change } from '../signal.ts'
import type { NodesMetric } from './metrics.ts'
import { readyValues } from './node.ts'
import { exclusions, type Group, type Happenings, type NodeLedger, type TrackedNode } from './readiness.ts'

const namesTold = 20

/** `groupLabels`: the Prometheus names of the group_by labels. `nodeLimit`: nodes told one by one. */
export function nodeSamples(
  ledger: NodeLedger,
  groupLabels: readonly string[],
  nodeLimit: number,
): Sample<NodesMetric>[] {
  const groups = [...ledger.groups]
  // Without groups the three counts are there from the start, 0 too.
  if (groups.length === 0 && groupLabels.length === 0) groups.push(noNodes)
  const notReady = ledger.notReady.size
  const shown = oldestNotReady(ledger.notReady.values(), nodeLimit)
  return [
    ...groups.flatMap((group) => groupSamples(group, groupLabels)),
    ...exclusions.map((reason) => sample('elbchurn_nodes_excluded', { reason }, ledger.excluded[reason])),
    ...(ledger.total === 0 ? [] : [sample('elbchurn_nodes_not_ready_ratio', {}, notReady / ledger.total)]),
    sample('elbchurn_nodes_omitted', {}, notReady - shown.length),
    ...shown.map(({ name, reason, sinceMs }) =>
      sample('elbchurn_node_not_ready_since_timestamp_seconds', { node: name, reason }, sinceMs / 1_000),
    ),
  ]
}

const noNodes: Group = { values: [], counts: { true: 0, false: 0, unknown: 0 } }

function groupSamples({ values, counts }: Group, groupLabels: readonly string[]): Sample<NodesMetric>[] {
  const labels = Object.fromEntries(groupLabels.map((label, index) => [label, values[index] ?? '']))
  return readyValues.map((ready) => sample('elbchurn_nodes', { ready, ...labels }, counts[ready]))
}

function sample(metric: NodesMetric, labels: Sample['labels'], value: number): Sample<NodesMetric> {
  return { metric, labels, value }
}

/** The `limit` longest not ready, oldest first. Half of 50,000 nodes may be not ready: they are not all sorted. */
export function oldestNotReady(nodes: Iterable<TrackedNode>, limit: number): TrackedNode[] {
  const oldest: TrackedNode[] = []
  for (const node of nodes) {
    const last = oldest[limit - 1]
    if (last !== undefined && !isOlder(node, last)) continue
    if (last !== undefined) oldest.pop()
    oldest.splice(placeOf(oldest, node), 0, node)
  }
  return oldest
}

function placeOf(sorted: readonly TrackedNode[], node: TrackedNode): number {
  let low = 0
  let high = sorted.length
  while (low < high) {
    const middle = (low + high) >>> 1
    const other = sorted[middle]
    if (other !== undefined && isOlder(other, node)) low = middle + 1
    else high = middle
  }
  return low
}

function isOlder(left: TrackedNode, right: TrackedNode): boolean {
  return left.sinceMs < right.sinceMs || (left.sinceMs === right.sinceMs && left.name < right.name)
}

/** One change for all nodes that moved together; undefined where none did. */
export function readinessChange(happened: Happenings, ledger: NodeLedger): Change | undefined {
  const { becameNotReady: lost, becameReady: back } = happened
  if (lost.length === 0 && back.length === 0) return undefined
  const parts = [
    ...(lost.length === 0 ? [] : [`${nodes(lost.length)} became not ready`]),
    ...(back.length === 0 ? [] : [`${nodes(back.length)} became ready`]),
  ]
  return {
    kind: 'node_readiness',
    subject: parts.join(', '),
    message: `${parts.join(', ')}; now ${ledger.notReady.size} of ${ledger.total} are not ready`,
    added: lost.slice(0, namesTold),
    removed: back.slice(0, namesTold),
    before: [],
    after: [],
  }
}

function nodes(count: number): string {
  return count === 1 ? '1 node' : `${count} nodes`
}
