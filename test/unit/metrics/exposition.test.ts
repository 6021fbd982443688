/** What a store renders is held against prom-client with the same content, byte by byte. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Counter, Gauge, Histogram, Registry } from 'prom-client'
import type { MetricScope } from '../../../exporter/metrics/scope.ts'
import type { Labels, MetricSpec } from '../../../exporter/metrics/spec.ts'
import { createMetricStore, type MetricStore } from '../../../exporter/metrics/store.ts'
import { serviceMetrics } from '../../../exporter/service/metrics.ts'
import { signals } from '../../../exporter/signals/index.ts'
import { TestClock } from '../clock.ts'

const text = fc.oneof(fc.string(), fc.string({ unit: 'grapheme' }), fc.constantFrom('\\', '\n', '"', '\\n', '\\"', ''))
/** prom-client takes none without. */
const help = text.filter((words) => words !== '')
const number = fc.oneof(
  fc.double(),
  fc.integer(),
  fc.constantFrom(0, -0, Infinity, -Infinity, Number.NaN, 1e21, 1e-7, 5e-324, 0.1 + 0.2, 2 ** 53, 1.5e300),
)
const finite = fc.oneof(fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e9, max: 1e9 }), fc.integer())
const amount = fc.double({ noNaN: true, noDefaultInfinity: true, min: 0, max: 1e15 })
const scopeKey = fc.constantFrom('one', 'two', 'three')
const bounds = [0.005, 0.25, 1, 2.5, 1e3, 1e21]

type Step =
  | { readonly do: 'publish'; readonly scope: string; readonly gauges: readonly (readonly [string, number])[] }
  | { readonly do: 'count'; readonly scope: string; readonly label: string; readonly by: number }
  | { readonly do: 'observe'; readonly scope: string; readonly label: string; readonly value: number }
  | { readonly do: 'drop'; readonly scope: string }
  | { readonly do: 'widen' }
  | { readonly do: 'render' }

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('publish'), scope: scopeKey, gauges: gaugesOf(text, number) }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('count'), scope: scopeKey, label: text, by: amount }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('observe'), scope: scopeKey, label: text, value: finite }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('drop'), scope: scopeKey }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('widen') }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('render') }) },
) as fc.Arbitrary<Step>

function gaugesOf(label: fc.Arbitrary<string>, value: fc.Arbitrary<number>) {
  return fc.uniqueArray(fc.tuple(label, value), { selector: ([each]) => each, maxLength: 5 })
}

const specOf = (type: MetricSpec['type'], help: string, labels: readonly string[]): MetricSpec => ({
  type,
  help,
  labels,
  ...(type === 'histogram' ? { buckets: bounds } : {}),
  ...(type === 'gauge' ? { openLabels: true } : {}),
  cardinality: 'few',
})

/** The same steps, done to a store and to prom-client's metrics. */
class Pair {
  readonly store: MetricStore
  readonly registry = new Registry()
  readonly #gauge: Gauge
  readonly #counter: Counter
  readonly #histogram: Histogram
  readonly #gauges = new Map<string, readonly Labels[]>()
  readonly #counted = new Map<string, Map<string, readonly [Counter | Histogram, Labels]>>()
  #widened = false

  constructor(help: string) {
    const table = {
      elbchurn_t_gauge: specOf('gauge', help, ['cluster', 'scope', 'what']),
      elbchurn_t_total: specOf('counter', help, ['scope', 'what']),
      elbchurn_t_seconds: specOf('histogram', help, ['scope', 'what']),
      elbchurn_t_empty: specOf('gauge', help, []),
    }
    this.store = createMetricStore({ tables: [table], clock: new TestClock() })
    const registers = [this.registry]
    const labelNames = ['scope', 'what', 'zone']
    this.#gauge = new Gauge({ name: 'elbchurn_t_gauge', help, labelNames, registers })
    this.#counter = new Counter({ name: 'elbchurn_t_total', help, labelNames, registers })
    this.#histogram = new Histogram({ name: 'elbchurn_t_seconds', help, labelNames, buckets: bounds, registers })
    new Gauge({ name: 'elbchurn_t_empty', help, registers }).remove({})
  }

  async apply(action: Step): Promise<void> {
    if (action.do === 'publish') this.#publish(action.scope, action.gauges)
    else if (action.do === 'count') this.#count(action.scope, action.label, action.by)
    else if (action.do === 'observe') this.#observe(action.scope, action.label, action.value)
    else if (action.do === 'drop') this.#drop(action.scope)
    else if (action.do === 'widen') this.#widen()
    else await this.compare()
  }

  async compare(): Promise<void> {
    assert.equal(await this.store.render(), await this.registry.metrics())
  }

  #scope(scope: string): MetricScope {
    return this.store.owner('test', {}).scope(scope, 1_000)
  }

  #publish(scope: string, gauges: readonly (readonly [string, number])[]): void {
    const samples = gauges.map(([what, value]) => ({
      metric: 'elbchurn_t_gauge',
      labels: { scope, what, ...(this.#widened ? { zone: what } : {}) },
      value,
    }))
    this.#scope(scope).publish(samples)
    const key = (labels: Labels) => JSON.stringify(labels)
    const now = new Set(samples.map(({ labels }) => key(labels)))
    for (const labels of this.#gauges.get(scope) ?? []) if (!now.has(key(labels))) this.#gauge.remove(labels)
    for (const { labels, value } of samples) this.#gauge.set(labels, value)
    this.#gauges.set(
      scope,
      samples.map(({ labels }) => labels),
    )
  }

  #count(scope: string, what: string, by: number): void {
    this.#scope(scope).increment('elbchurn_t_total', { scope, what }, by)
    this.#note(scope, `total ${what}`, this.#counter, { scope, what })
    this.#counter.inc({ scope, what }, by)
  }

  #observe(scope: string, what: string, value: number): void {
    this.#scope(scope).observe('elbchurn_t_seconds', { scope, what }, value)
    this.#note(scope, `seconds ${what}`, this.#histogram, { scope, what })
    this.#histogram.observe({ scope, what }, value)
  }

  #note(scope: string, key: string, metric: Counter | Histogram, labels: Labels): void {
    const counted = this.#counted.get(scope) ?? new Map()
    counted.set(key, [metric, labels])
    this.#counted.set(scope, counted)
  }

  #drop(scope: string): void {
    this.#scope(scope).drop()
    for (const labels of this.#gauges.get(scope) ?? []) this.#gauge.remove(labels)
    for (const [metric, labels] of this.#counted.get(scope)?.values() ?? []) metric.remove(labels)
    this.#gauges.delete(scope)
    this.#counted.delete(scope)
  }

  #widen(): void {
    this.#widened = true
    this.store.widen('elbchurn_t_gauge', ['zone'])
  }
}

test('the text is that of prom-client for the same series, whatever their labels, values and history', async () => {
  await fc.assert(
    fc.asyncProperty(help, fc.array(step, { maxLength: 40 }), async (words, steps) => {
      const pair = new Pair(words)
      for (const action of steps) await pair.apply(action)
      await pair.compare()
    }),
    { numRuns: 300 },
  )
})

test('prom-client takes every metric of the tables: names, labels and buckets are valid', () => {
  const registers = [new Registry()]
  for (const table of [serviceMetrics, ...signals.map(({ metrics }) => metrics)]) {
    for (const [name, { type, help, labels, buckets }] of Object.entries<MetricSpec>(table)) {
      const options = { name, help, labelNames: [...labels], registers }
      if (type === 'gauge') new Gauge(options)
      else if (type === 'counter') new Counter(options)
      else new Histogram({ ...options, buckets: [...(buckets ?? [])] })
    }
  }
})
