/** Where boards leave the rules of grafana's dashboard-linter, and why. An exception that is not needed fails too. */
import type { BoardName } from '../../lab/boards.ts'
import type { RuleName } from './lint-rules.ts'

export interface Exception {
  readonly rule: RuleName
  readonly board: BoardName
  /** Absent: the whole board. */
  readonly panel?: string
  readonly reason: string
}

const byCluster =
  'a cluster is the subject, whoever tells of it: of several exporters the largest value counts, and alerts have no job'

const perCluster: readonly Exception[] = (['fleet', 'incident', 'dns'] as const).flatMap((board) =>
  (['template-job-rule', 'template-instance-rule', 'target-job-rule', 'target-instance-rule'] as const).map((rule) => ({
    rule,
    board,
    reason: byCluster,
  })),
)

export const exceptions: readonly Exception[] = [
  ...perCluster,
  {
    rule: 'target-counter-agg-rule',
    board: 'incident',
    panel: 'Stale heartbeats, and nodes that left Ready',
    reason:
      'asks as KubernetesNodesFlapped does: by difference, since increase() extrapolates, and by it after a restart',
  },
]
