/** Tables: a row for each thing, a column for each question about it. */
import {
  TableCellDisplayMode,
  type TableCellOptions,
  TableFooterOptionsBuilder,
} from '@grafana/grafana-foundation-sdk/common'
import { DataqueryBuilder, PromQueryFormat } from '@grafana/grafana-foundation-sdk/prometheus'
import { PanelBuilder as TableBuilder } from '@grafana/grafana-foundation-sdk/table'
import type { Vector } from '../alerts/promql.ts'
import type { Step } from './colors.ts'
import { described, mappings, refId, type State, thresholds, type Words } from './panels.ts'

export interface Column {
  readonly title: string
  /** A label of the rows, or the question whose answer stands in the column. */
  readonly of: string | Vector<string>
  readonly unit?: string
  readonly width?: number
  /** Colours the cell, below the first step too. */
  readonly base?: string
  readonly steps?: readonly Step[]
  readonly states?: readonly State[]
  readonly links?: readonly { readonly title: string; readonly url: string }[]
}

export interface TableOptions {
  /** Ranks the rows, largest first; not shown. */
  readonly order?: Vector<string>
  readonly sortBy?: { readonly title: string; readonly descending: boolean }
}

/** Rows are what the columns' questions have in common: their labels. */
export function table(words: Words, columns: readonly Column[], options: TableOptions = {}): TableBuilder {
  const questions = columns.flatMap(({ of }) => (typeof of === 'string' ? [] : [of]))
  const asked = options.order === undefined ? questions : [...questions, options.order]
  const panel = described(new TableBuilder(), words).footer(new TableFooterOptionsBuilder().show(false).reducer([]))
  for (const question of asked) panel.withTarget(instantTable(question))
  const fieldOf = (question: Vector<string>) =>
    asked.length === 1 ? 'Value' : `Value #${refId(asked.indexOf(question))}`
  const fields = columns.map(({ of, title }) => ({ title, field: typeof of === 'string' ? of : fieldOf(of) }))
  if (asked.length > 1) panel.withTransformation({ id: 'merge', options: {} })
  if (options.order !== undefined) {
    const sort = [{ field: fieldOf(options.order), desc: true }]
    panel.withTransformation({ id: 'sortBy', options: { fields: {}, sort } })
  }
  panel.withTransformation({
    id: 'organize',
    options: {
      excludeByName: { Time: true, ...(options.order !== undefined && { [fieldOf(options.order)]: true }) },
      indexByName: Object.fromEntries(fields.map(({ field }, index) => [field, index])),
      renameByName: Object.fromEntries(fields.map(({ field, title }) => [field, title])),
    },
  })
  for (const column of columns) {
    const properties = propertiesOf(column)
    if (properties.length > 0) panel.overrideByName(column.title, properties)
  }
  const { sortBy } = options
  if (sortBy !== undefined) panel.sortBy([{ build: () => ({ displayName: sortBy.title, desc: sortBy.descending }) }])
  return panel
}

/** A table with a column for each label, whatever labels there are. */
export function openTable(words: Words, of: Vector<string>, rename: { readonly regex: string; readonly to: string }) {
  return described(new TableBuilder(), words)
    .footer(new TableFooterOptionsBuilder().show(false).reducer([]))
    .withTarget(instantTable(of))
    .withTransformation({
      id: 'organize',
      options: { excludeByName: { Time: true }, renameByName: { Value: 'Nodes' } },
    })
    .withTransformation({ id: 'renameByRegex', options: { regex: rename.regex, renamePattern: rename.to } })
}

function instantTable(of: Vector<string>): DataqueryBuilder {
  return new DataqueryBuilder().expr(of.text).instant().format(PromQueryFormat.Table)
}

function propertiesOf({ unit, width, base, steps = [], states = [], links = [] }: Column) {
  const colored: TableCellOptions = { type: TableCellDisplayMode.ColorBackground }
  return [
    ...(unit === undefined ? [] : [{ id: 'unit', value: unit }]),
    ...(width === undefined ? [] : [{ id: 'custom.width', value: width }]),
    ...(base === undefined ? [] : [{ id: 'thresholds', value: thresholds(base, steps).build() }]),
    ...(states.length === 0 ? [] : [{ id: 'mappings', value: mappings(states) }]),
    ...(base === undefined && states.length === 0 ? [] : [{ id: 'custom.cellOptions', value: colored }]),
    ...(links.length === 0 ? [] : [{ id: 'links', value: links }]),
  ]
}
