/** Panels that may be without data, and why. Everything else must show something in the outage, and in a quiet hour. */
import type { BoardName } from '../lab/boards.ts'

export interface EmptyPanel {
  readonly board: BoardName
  readonly panel: string
  readonly reason: string
}

/** In the outage too. The list is to shrink. */
export const emptyInOutage: readonly EmptyPanel[] = [
  ...['Machines that wait', 'Connections to the API, and those that wait'].map((panel) => ({
    board: 'incident' as const,
    panel,
    reason: 'the lab runs no agents on nodes',
  })),
]

const noHarm = 'nothing happened'
/** In a quiet hour, beside those. */
export const emptyInQuiet: readonly EmptyPanel[] = [
  { board: 'incident', panel: 'Load balancers that lost an address', reason: noHarm },
  { board: 'incident', panel: 'Addresses that left', reason: noHarm },
  { board: 'incident', panel: 'Which nodes are not ready', reason: noHarm },
  { board: 'incident', panel: 'Not ready by zone', reason: noHarm },
  { board: 'incident', panel: 'Alerts of this cluster', reason: noHarm },
]
