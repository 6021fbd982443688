/** What the boards ask for: metrics and labels that exist, over windows that fit. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { collectDefaultMetrics, Registry } from 'prom-client'
import { defaultConfig } from '../../../alerts/config.ts'
import { formatDuration } from '../../../alerts/durations.ts'
import { recordings } from '../../../alerts/recordings.ts'
import { finish } from '../../../dashboards/board.ts'
import { incidentBoard } from '../../../dashboards/incident.ts'
import { timeSeries } from '../../../dashboards/panels.ts'
import type { MetricSpec } from '../../../exporter/metrics/spec.ts'
import { serviceMetrics } from '../../../exporter/service/metrics.ts'
import { connectionsMetrics } from '../../../exporter/signals/connections/metrics.ts'
import { dnsMetrics } from '../../../exporter/signals/dns/metrics.ts'
import { elbMetrics } from '../../../exporter/signals/elb/metrics.ts'
import { heartbeatsMetrics } from '../../../exporter/signals/heartbeats/metrics.ts'
import { nodesMetrics } from '../../../exporter/signals/nodes/metrics.ts'
import { boardNames, readBoard } from '../../lab/boards.ts'
import { selectorsOf } from './promql.ts'

const tables: Readonly<Record<string, Pick<MetricSpec, 'labels' | 'type'>>> = {
  ...elbMetrics,
  ...dnsMetrics,
  ...nodesMetrics,
  ...heartbeatsMetrics,
  ...connectionsMetrics,
  ...serviceMetrics,
}
const recorded = new Map(Object.values(recordings(defaultConfig)).map(({ record, labels }) => [record, labels]))
const ofPrometheus: Readonly<Record<string, readonly string[]>> = {
  ALERTS: ['alertname', 'alertstate', 'severity', 'cluster'],
}

async function runtimeMetrics(): Promise<Set<string>> {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  return new Set((await registry.getMetricsAsJSON()).map(({ name }) => name))
}

/** Labels that may be matched on; undefined where there is no such metric. */
function labelsOf(metric: string, runtime: ReadonlySet<string>): readonly string[] | undefined {
  const scraped = ['job', 'instance']
  if (runtime.has(metric)) return scraped
  const spec = tables[metric] ?? histogramOf(metric)
  if (spec !== undefined) return [...spec.labels, ...scraped]
  return recorded.get(metric) ?? ofPrometheus[metric]
}

function histogramOf(metric: string) {
  const spec = tables[metric.replace(/_bucket$/, '')]
  return metric.endsWith('_bucket') && spec?.type === 'histogram' ? spec : undefined
}

const asked = boardNames.flatMap((name) => {
  const { panels, annotations, templating } = readBoard(name)
  return [
    ...panels.flatMap(({ title, targets = [] }) =>
      targets.map((target) => ({ where: `${name}: ${title}`, ...target })),
    ),
    ...annotations.list.flatMap(({ name: title, target }) =>
      target === undefined ? [] : [{ where: `${name}: annotation ${title}`, ...target }],
    ),
    ...templating.list.flatMap(({ name: title, type, query }) =>
      type === 'query' ? [{ where: `${name}: variable ${title}`, expr: query, instant: true }] : [],
    ),
  ]
})

describe('the queries of the boards', () => {
  it('name only metrics and labels that exist', async () => {
    const runtime = await runtimeMetrics()
    assert.ok(asked.length > 60)
    for (const { where, expr } of asked) {
      const selectors = selectorsOf(expr.replace(/^label_values\((.+), \w+\)$/, '$1'))
      assert.ok(selectors.length > 0, where)
      for (const { metric, matchers } of selectors) {
        const labels = labelsOf(metric, runtime)
        assert.ok(labels !== undefined, `${where}: there is no metric ${metric}`)
        for (const { label } of matchers) assert.ok(labels.includes(label), `${where}: ${metric} has no label ${label}`)
      }
    }
  })

  it('ask of the chosen clusters alone, but for the alert that tells whether rules are loaded', () => {
    for (const { where, expr } of asked) {
      if (/variable|annotation/.test(where)) continue
      for (const { metric, matchers } of selectorsOf(expr)) {
        const hasCluster =
          tables[metric]?.labels.includes('cluster') ?? recorded.get(metric)?.includes('cluster' as never)
        const watchdog = matchers.some(({ value }) => value === 'ElbChurnWatchdog')
        if (hasCluster !== true && (metric !== 'ALERTS' || watchdog)) continue
        const { operator, value } = matchers.find(({ label }) => label === 'cluster') ?? {}
        assert.equal(`${operator}"${value}"`, '=~"$cluster"', `${where}: ${metric}`)
      }
    }
  })

  it('take windows that Grafana fills in, or those of the alerts; the whole range only where it is asked once', () => {
    const fixed = [defaultConfig.flapped_window].map(formatDuration)
    for (const { where, expr, instant } of asked) {
      for (const { range } of selectorsOf(expr)) {
        if (range === undefined) continue
        assert.ok(['$__rate_interval', '$__range', ...fixed].includes(range), `${where}: [${range}]`)
        if (range === '$__range') assert.equal(instant, true, `${where} would read the whole range at every step`)
      }
    }
  })

  it('count whole steps where they count in steps', () => {
    const bars = boardNames.flatMap((name) =>
      readBoard(name).panels.filter(({ targets = [] }) =>
        targets.some(({ expr }) => /increase\([^[]*\[\$__rate_interval\]/.test(expr)),
      ),
    )
    assert.ok(bars.length >= 2)
    // Below four scrapes a window is longer than a step, and one change would show in several bars.
    for (const { title, interval } of bars) assert.equal(interval, '1m', title)
  })

  it('never add up what several exporters say of one thing', () => {
    for (const { where, expr } of asked) {
      if (/^exporter:/.test(where)) continue
      const summed = /sum by \(([^)]*)\) \((?:rate|increase)?\(?elbchurn_(?!connections|dns_query_duration)/.exec(expr)
      assert.ok(summed === null || /job, instance/.test(summed[1] ?? ''), `${where}: ${expr}`)
    }
  })
})

describe('the builders of boards', () => {
  it('refuse the name of a series that takes a label it lacks', () => {
    const words = { title: 't', description: 'd', noValue: 'n', unit: 'none' }
    const of = { text: 'x', labels: ['cluster'], atom: true }
    assert.throws(() => timeSeries(words, [{ of, legend: '{{zone}}' }]), /{{zone}} is no label of x/)
  })

  it('refuse a row that does not fill the grid', () => {
    const { rows, ...board } = incidentBoard()
    const [row] = rows
    assert.ok(row !== undefined)
    assert.throws(() => finish({ ...board, rows: [{ ...row, panels: row.panels.slice(1) }] }), /is 18 wide, not 24/)
  })
})
