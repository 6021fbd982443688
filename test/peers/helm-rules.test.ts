/** The chart and `elb-churn-exporter rules` make one alert pack: for any settings, as Helm itself renders it. */
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import fc from 'fast-check'
import { parse } from 'yaml'
import { parseSettings, settings } from '../../alerts/config.ts'
import { renderRules } from '../../alerts/render.ts'
import type { Setting, SettingKind } from '../../alerts/settings.ts'
import { checkout, Helm, only } from './helm.ts'

type Values = Readonly<Record<string, unknown>>
const all = Object.entries<Setting<unknown>>(settings)

/** As `--set` would have it. */
function assignments(values: Values): string[] {
  return Object.entries(values).map(([key, value]) => {
    const pairs = typeof value === 'object' ? Object.entries(value ?? {}).map((pair) => pair.join('=')) : undefined
    return `${key}=${pairs?.join(',') ?? value}`
  })
}

const durations = fc
  .tuple(fc.nat(3), fc.nat(30), fc.nat(90), fc.nat(90), fc.constantFrom(0, 0, 500))
  .filter((parts) => parts.some((part) => part > 0))
  .map(([d, h, m, s, ms]) =>
    (
      [
        [d, 'd'],
        [h, 'h'],
        [m, 'm'],
        [s, 's'],
        [ms, 'ms'],
      ] as const
    )
      .map(([n, u]) => (n ? n + u : ''))
      .join(''),
  )
const shares = fc.oneof(
  fc.integer({ min: 1, max: 10_000 }).map((n) => n / 10_000),
  fc.integer({ min: 1, max: 1_000 }).map((n) => `${n / 10}%`),
)
const selectors = fc.constantFrom('', 'env="prod"', 'env="prod", team=~"a|b.*"', 'path=~"50%|\\\\d+", env!="x<y&z"')
const words = fc.constantFrom('page', 'P1', 'low-urgency')

const ofKind: Readonly<Record<SettingKind, fc.Arbitrary<unknown>>> = {
  duration: durations,
  ratio: shares,
  count: fc.integer({ min: 1, max: 999_999 }),
  text: fc.constantFrom('', 'prod-us-west-2', 'prod east'),
  word: words,
  url: fc.constantFrom('https://wiki.example.org/runbooks', 'https://grafana.example.org/sub/', 'http://10.0.0.1:3000'),
  choice: fc.constantFrom('exporter', 'kube-state-metrics'),
  matchers: selectors,
  label_names: fc.constantFrom('job,instance', 'job, pod', 'cluster_id'),
  labels: fc.constantFrom({}, { team: 'platform', tier: '1' }, { team: 'a $b "c" é' }),
}

const someSettings: fc.Arbitrary<Values> = fc
  .record(Object.fromEntries(all.map(([key, { kind }]) => [key, ofKind[kind]])), { requiredKeys: [] })
  // Of this one, a label of Kubernetes takes fewer values.
  .map(({ prometheusrule_labels: _, ...values }) => values)

describe('the rules of the chart', () => {
  let helm: Helm

  before(async () => {
    helm = await Helm.open()
  })
  after(() => helm?.close())

  async function sameRules(values: Values): Promise<void> {
    const { objects } = await helm.render({ prometheusOperator: { enabled: true }, rules: { settings: values } })
    const expected = parse(renderRules(parseSettings(assignments(values)), 'prometheusrule'))
    assert.deepEqual(only(objects, 'PrometheusRule').spec, expected.spec)
  }

  it('are the committed pack where nothing is set', async () => {
    const { objects } = await helm.render({ prometheusOperator: { enabled: true } })
    const committed = parse(await readFile(join(checkout, 'alerts/prometheusrule.yaml'), 'utf8'))
    assert.deepEqual(only(objects, 'PrometheusRule').spec, committed.spec)
  })

  const cases: Readonly<Record<string, Values>> = {
    thresholds: { stranded_not_ready_ratio: '2%', not_ready_critical_ratio: 0.25, churn_removals: 12, mass_nodes: 3 },
    'durations, one of them away and one of odd length': {
      stale_for: '0s',
      keep_firing_for: '0s',
      change_window: '1h30m0s500ms',
    },
    'a selector on every metric': { selector: 'env="prod", team=~"a|b%"' },
    'links, severities and labels': {
      runbook_url: 'https://wiki.example.org/elb/',
      dashboard_url: 'https://grafana.example.org',
      severity_critical: 'page',
      labels: { team: 'platform' },
    },
    'kube-state-metrics': { nodes_source: 'kube-state-metrics', kube_state_metrics_selector: '' },
    'kube-state-metrics without a label cluster': {
      nodes_source: 'kube-state-metrics',
      kube_state_metrics_cluster: 'prod',
    },
  }
  for (const [what, values] of Object.entries(cases)) {
    it(`are those of the command with ${what} set alike`, () => sameRules(values))
  }

  it('are those of the command with any settings', async () => {
    await fc.assert(fc.asyncProperty(someSettings, sameRules), { numRuns: 25, endOnFailure: true })
  })

  it('are refused with a value that the command refuses, and it is named', async () => {
    const wrong: Values = {
      stale_for: 'soon',
      change_window: '0s',
      stranded_not_ready_ratio: 1.5,
      stranded_stale_ratio: '150%',
      churn_removals: 0,
      nodes_source: 'heapster',
      selector: 'env=prod',
      severity_critical: 'very critical',
      runbook_url: 'wiki',
      exporter_labels: 'job,9',
      labels: { severity: 'page' },
    }
    for (const [key, value] of Object.entries(wrong)) {
      assert.throws(() => parseSettings(assignments({ [key]: value })), `the command takes ${key}`)
      const said = await helm.refusal({ rules: { settings: { [key]: value } } })
      // Of a name of a label, Helm says which, not where.
      assert.match(said, new RegExp(`rules[./]settings[./]${key}|propertyName 'severity'`), said)
    }
    assert.match(
      await helm.refusal({
        prometheusOperator: { enabled: true },
        rules: { settings: { exporter_labels: 'job, pod', labels: { pod: 'x' } } },
      }),
      /cannot set the label pod/,
    )
    assert.match(
      await helm.refusal({ rules: { settings: { stale: '1m' } } }),
      /additional properties 'stale' not allowed/,
    )
  })
})
