/** What a board is before it is rendered, and the one pass that makes it whole. */
import {
  AnnotationQueryBuilder,
  type Dashboard,
  DashboardBuilder,
  DashboardCursorSync,
  type DashboardLinkBuilder,
  type DatasourceVariableBuilder,
  type GridPos,
  type Panel,
  type QueryVariableBuilder,
} from '@grafana/grafana-foundation-sdk/dashboard'
import { refId } from './panels.ts'
import { datasource } from './variables.ts'

export const boards = ['elb-churn-fleet', 'elb-churn-incident', 'elb-churn-dns', 'elb-churn-exporter'] as const
export type BoardUid = (typeof boards)[number]

export interface Row {
  /** Grid rows of 30 pixels and 8 between them. */
  readonly height: number
  /** From left to right; their widths add up to 24. */
  readonly panels: readonly { readonly width: number; readonly panel: PanelBuilder }[]
}

export interface PanelBuilder {
  build(): Panel
}

export interface Board {
  readonly uid: BoardUid
  readonly title: string
  readonly description: string
  readonly from: string
  readonly variables: readonly (QueryVariableBuilder | DatasourceVariableBuilder)[]
  readonly annotations: readonly AnnotationQueryBuilder[]
  readonly links: readonly DashboardLinkBuilder[]
  readonly rows: readonly Row[]
}

const gridWidth = 24

/** What the SDK leaves out or sets otherwise than Grafana does is put right here, for all boards alike. */
export function finish(board: Board): Dashboard {
  const builder = new DashboardBuilder(board.title)
    .uid(board.uid)
    .description(board.description)
    .tags(['elb-churn'])
    .timezone('browser')
    .refresh('30s')
    .readonly()
    .tooltip(DashboardCursorSync.Crosshair)
    .time({ from: board.from, to: 'now' })
    .variables([...board.variables])
    .links([...board.links])
    .annotations([builtInAnnotation(), ...board.annotations])
  const built = builder.build()
  for (const { list = [] } of [built.annotations]) for (const annotation of list) delete annotation.placement
  for (const link of built.links ?? []) delete link.placement
  const placed = place(board.rows)
  return { ...built, panels: placed.map(complete), schemaVersion: 42, version: 1 }
}

/** Every board that Grafana makes has it: annotations that people put on the board by hand. */
function builtInAnnotation(): AnnotationQueryBuilder {
  return new AnnotationQueryBuilder()
    .name('Annotations & Alerts')
    .builtIn(1)
    .datasource({ type: 'grafana', uid: '-- Grafana --' })
    .enable(true)
    .hide(true)
    .iconColor('rgba(0, 211, 255, 1)')
    .type('dashboard')
}

interface Placed {
  readonly panel: Panel
  readonly gridPos: GridPos
}

function place(rows: readonly Row[]): Placed[] {
  const placed: Placed[] = []
  let y = 0
  for (const { height, panels } of rows) {
    let x = 0
    for (const { width, panel } of panels) {
      placed.push({ panel: panel.build(), gridPos: { h: height, w: width, x, y } })
      x += width
    }
    if (x !== gridWidth) throw new Error(`a row at ${y} is ${x} wide, not ${gridWidth}`)
    y += height
  }
  return placed
}

function complete({ panel, gridPos }: Placed, index: number): Panel {
  const links = (panel.links ?? []).map(({ placement: _, ...link }) => link)
  const targets = (panel.targets ?? []).map((target, at) => ({ refId: refId(at), datasource, ...target }))
  return {
    ...panel,
    id: index + 1,
    gridPos,
    ...(links.length > 0 && { links }),
    ...(targets.length > 0 && { datasource, targets }),
  }
}
