import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Board, Panel } from './grafana.ts'

const folder = resolve(import.meta.dirname, '../../dashboards')

export const boardNames = ['fleet', 'incident', 'dns', 'exporter'] as const
export type BoardName = (typeof boardNames)[number]

/** A board as it is shipped. */
export function readBoard(name: BoardName): Board {
  return JSON.parse(readFileSync(resolve(folder, `elb-churn-${name}.json`), 'utf8'))
}

/** Throws where no panel, or more than one, has the title. */
export function panelOf(board: Board, title: string): Panel {
  const [panel, second] = board.panels.filter((each) => each.title === title)
  if (panel === undefined || second !== undefined) throw new Error(`${board.title} has not one panel "${title}"`)
  return panel
}
