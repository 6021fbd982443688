/** Panels that are without data in a quiet hour, and why. Every other shows something then, and in the outage all do. */
import type { BoardName } from '../lab/boards.ts'

interface EmptyPanel {
  readonly board: BoardName
  readonly panel: string
  readonly reason: string
}

const noHarm = 'nothing happened'

export const emptyInQuiet: readonly EmptyPanel[] = [
  { board: 'incident', panel: 'Load balancers that lost an address', reason: noHarm },
  { board: 'incident', panel: 'Addresses that left', reason: noHarm },
  { board: 'incident', panel: 'Which nodes are not ready', reason: noHarm },
  { board: 'incident', panel: 'Not ready by zone', reason: noHarm },
  { board: 'incident', panel: 'Alerts of this cluster', reason: noHarm },
]
