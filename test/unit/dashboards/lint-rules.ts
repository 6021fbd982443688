/**
 * The rules of grafana's dashboard-linter, by their names and in their order; written anew after what its documentation
 * says of each: https://github.com/grafana/dashboard-linter/blob/main/docs/index.md#rules
 */
import type { Board, Panel, Target } from '../../lab/grafana.ts'
import { selectorsOf } from './promql.ts'

/** What a rule has to say against a board; `panel` where it is about one. */
export interface Finding {
  readonly panel?: string
  readonly fault: string
}

const panelsWithQueries = ['stat', 'table', 'timeseries', 'state-timeline']
const datasourceUids = [`\${datasource}`, '$datasource']

/** Of https://github.com/grafana/grafana/blob/main/packages/grafana-data/src/valueFormats/categories.ts, those in use. */
const units = ['none', 'percentunit', 's', 'bytes', 'reqps', 'cps', 'dateTimeFromNow', 'dateTimeAsIso']

export const rules = {
  'template-datasource-rule': (board) =>
    one(
      board.templating.list.filter(({ type }) => type === 'datasource'),
      ({ name, label }) => name === 'datasource' && label === 'Data source',
      'no variable "datasource" with the label "Data source"',
    ),
  'template-job-rule': (board) => targetVariable(board, 'job', 'Job'),
  'template-instance-rule': (board) => targetVariable(board, 'instance', 'Instance'),
  'template-label-promql-rule': (board) =>
    board.templating.list
      .filter(({ type }) => type === 'query')
      .filter(({ query }) => selectorsOf(/^label_values\((.+), \w+\)$/.exec(query)?.[1] ?? '').length !== 1)
      .map(({ name, query }) => ({ fault: `variable ${name} asks ${query}` })),
  'template-on-time-change-reload-rule': (board) =>
    board.templating.list
      .filter(({ type, refresh }) => type === 'query' && refresh !== 2)
      .map(({ name }) => ({ fault: `variable ${name} is not read again when the time range changes` })),
  'panel-datasource-rule': (board) =>
    board.panels
      .filter(({ type }) => panelsWithQueries.includes(type))
      .filter(({ datasource }) => !datasourceUids.includes(datasource?.uid ?? ''))
      .map(({ title }) => ({ panel: title, fault: 'does not use the variable datasource' })),
  'panel-title-description-rule': (board) =>
    board.panels
      .filter(({ title, description }) => title === '' || description === '')
      .map(({ id, title }) => ({ panel: title, fault: `panel ${id} lacks title or description` })),
  'panel-units-rule': (board) =>
    board.panels
      .filter(({ type }) => panelsWithQueries.includes(type))
      .filter(({ fieldConfig }) => !units.includes(fieldConfig?.defaults.unit ?? ''))
      .map(({ title, fieldConfig }) => ({ panel: title, fault: `has the unit ${fieldConfig?.defaults.unit}` })),
  'panel-no-targets-rule': (board) =>
    board.panels
      .filter(({ type, targets = [] }) => panelsWithQueries.includes(type) && targets.length === 0)
      .map(({ title }) => ({ panel: title, fault: 'asks nothing' })),
  'target-logql-rule': (board) => noLoki(board),
  'target-logql-auto-rule': (board) => noLoki(board),
  // Whether it is valid is asked of a real Prometheus, in test/e2e/dashboards.test.ts.
  'target-promql-rule': (board) =>
    targets(board, ({ expr }) => (selectorsOf(expr).length === 0 ? `asks for no metric: ${expr}` : undefined)),
  'target-rate-interval-rule': (board) =>
    targets(board, ({ expr }) =>
      selectorsOf(expr).some(
        ({ caller, range }) => ['rate', 'irate'].includes(caller ?? '') && range !== '$__rate_interval',
      )
        ? `takes a rate over another window than $__rate_interval: ${expr}`
        : undefined,
    ),
  'target-job-rule': (board) => matched(board, 'job'),
  'target-instance-rule': (board) => matched(board, 'instance'),
  'target-counter-agg-rule': (board) =>
    targets(board, ({ expr }) =>
      selectorsOf(expr).some(
        ({ metric, caller }) => metric.endsWith('_total') && !['rate', 'irate', 'increase'].includes(caller ?? ''),
      )
        ? `shows a counter as it is: ${expr}`
        : undefined,
    ),
  'uneditable-dashboard': (board) => (board.editable ? [{ fault: 'can be edited' }] : []),
} as const satisfies Record<string, (board: Linted) => Finding[]>

export type RuleName = keyof typeof rules
export type Linted = Board & { readonly editable: boolean }

function one<T>(all: readonly T[], good: (each: T) => boolean, fault: string): Finding[] {
  return all.length > 0 && all.every(good) ? [] : [{ fault }]
}

function targetVariable(board: Board, wanted: string, title: string): Finding[] {
  const found = board.templating.list.filter(({ name }) => name === wanted)
  return one(
    found,
    ({ type, label, multi, allValue, datasource }) =>
      type === 'query' &&
      label === title &&
      multi &&
      allValue === '.+' &&
      datasourceUids.includes(datasource?.uid ?? ''),
    `no variable ${wanted} that lets people choose several, with .+ for all`,
  )
}

function targets(board: Board, check: (target: Target, panel: Panel) => string | undefined): Finding[] {
  return board.panels.flatMap((panel) =>
    (panel.targets ?? []).flatMap((target) => {
      const fault = check(target, panel)
      return fault === undefined ? [] : [{ panel: panel.title, fault }]
    }),
  )
}

function matched(board: Board, label: 'job' | 'instance'): Finding[] {
  return targets(board, ({ expr }) =>
    selectorsOf(expr).every(({ matchers }) =>
      matchers.some((matcher) => matcher.label === label && matcher.operator === '=~' && matcher.value === `$${label}`),
    )
      ? undefined
      : `has a metric without ${label}=~"$${label}": ${expr}`,
  )
}

/** There is no data source of logs that its rules could speak of. */
function noLoki(board: Board): Finding[] {
  const loki = board.templating.list.filter(({ type, query }) => type === 'datasource' && query !== 'prometheus')
  return loki.map(({ name, query }) => ({ fault: `variable ${name} is a data source of type ${query}` }))
}
