import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parse } from 'yaml'
import { parseSettings } from '../../../alerts/config.ts'
import { now } from '../../../alerts/promql.ts'
import { renderRules } from '../../../alerts/render.ts'
import { type AlertRule, finish } from '../../../alerts/rule.ts'
import { ruleGroups } from '../../../alerts/rules.ts'
import { farewellTaints } from '../../../exporter/signals/nodes/metrics.ts'
import { pruneNode } from '../../../exporter/signals/nodes/node.ts'
import { contractAlerts, watchdog } from '../../rules/contract-alerts.ts'

function rules(...assignments: string[]) {
  return ruleGroups(parseSettings(assignments)).flatMap((group) => group.rules)
}

function alerts(...assignments: string[]): AlertRule[] {
  return rules(...assignments).flatMap((rule) => ('alert' in rule ? [rule] : []))
}

function only(name: string, severity: string, ...assignments: string[]): AlertRule {
  const [found, ...more] = alerts(...assignments).filter(
    (rule) => rule.alert === name && rule.labels.severity === severity,
  )
  assert.ok(found !== undefined && more.length === 0, `one ${name} ${severity}`)
  return found
}

describe('the rules', () => {
  it('are one group of the alerts that are promised, at the severities that are promised', () => {
    const [group, ...more] = ruleGroups(parseSettings([]))
    assert.deepEqual([group?.name, more.length], ['elb-churn', 0])
    const found = Map.groupBy(alerts(), (rule) => rule.alert)
    const severities = [...found].map(([name, each]) => [name, each.map(({ labels }) => labels.severity).sort()])
    assert.deepEqual(Object.fromEntries(severities), { ...contractAlerts, [watchdog]: ['none'] })
  })

  it('each have a summary, a description and both links, and the summary is one line', () => {
    for (const { alert, annotations } of alerts()) {
      assert.deepEqual(Object.keys(annotations), ['summary', 'description', 'runbook_url', 'dashboard_url'])
      assert.ok(!annotations.summary.includes('\n'), alert)
      assert.ok(annotations.runbook_url.endsWith(`/${alert}.md`))
      assert.match(
        annotations.dashboard_url,
        /\/d\/elb-churn-(incident\?var-cluster=\{\{.*&|exporter\?)from=.*&to=now$/,
      )
    }
  })

  it('refuse an alert without a text', () => {
    const alert = { alert: 'A', severity: 'info', expression: now, forMs: 0, board: 'elb-churn-incident' } as const
    assert.throws(() => finish({ ...alert, summary: 'x', description: ' ' }, parseSettings([])), /A has no description/)
    assert.throws(() => finish({ ...alert, summary: '', description: 'x' }, parseSettings([])), /A has no summary/)
  })

  it('name what they record by level, metric and operation', () => {
    const names = rules().flatMap((rule) => ('record' in rule ? [rule.record] : []))
    assert.ok(names.length > 8)
    assert.equal(new Set(names).size, names.length)
    for (const name of names) assert.match(name, /^cluster\w*:elbchurn_\w+:(max|min|count|ratio|increase\w+)$/)
  })

  it('never sum over exporters, and join on the cluster', () => {
    for (const rule of rules()) {
      for (const [, by] of rule.expr.matchAll(/sum by \(([^)]*)\)/g)) assert.match(by ?? '', /job, instance/)
      for (const [, on] of rule.expr.matchAll(/on \(([^)]*)\)/g))
        assert.match(on ?? '', /^(cluster\b.*|job, instance|)$/)
    }
  })

  it('take a number from its one setting into the expression, the duration and the text', () => {
    const churn = only('ELBAddressChurnHigh', 'warning', 'churn_removals=9', 'churn_window=2h')
    assert.match(churn.expr, /increase\(.*\[2h\]\)[\s)]* > 9$/)
    assert.match(churn.annotations.description, /within 2 hours, more than 9\./)
    const ratio = only(
      'KubernetesNodesNotReadyRatioHigh',
      'critical',
      'not_ready_critical_ratio=40%',
      'not_ready_critical_for=45s',
    )
    assert.match(ratio.expr, />= 0\.4\b/)
    assert.equal(ratio.for, '45s')
    assert.match(ratio.annotations.description, /Above 40% for 45 seconds\./)
    const page = only('KubeletsStrandedByELBChange', 'critical', 'change_window=30m', 'stranded_for=15s')
    assert.match(page.expr, /< 1800\)/)
    assert.equal(page.for, '15s')
    assert.equal(only('KubeletsStrandedByELBChange', 'critical').for, undefined)
    assert.ok(rules('flapped_window=10m').some((rule) => 'record' in rule && rule.record.endsWith(':increase10m')))
  })

  it('put the selector on every metric of the exporter, in the texts too', () => {
    for (const rule of rules('selector=env="prod"')) {
      const texts = [rule.expr, ...('annotations' in rule ? Object.values(rule.annotations) : [])]
      for (const text of texts) {
        const metrics = [...text.matchAll(/(?<![:\w])elbchurn_\w+(\{[^}]*\})?/g)].filter(([, braces], index, all) => {
          const prose = text.slice(all[index]?.index).startsWith('elbchurn_') && / tells by its label /.test(text)
          return braces === undefined ? !prose : !braces.includes('env="prod"')
        })
        assert.deepEqual(
          metrics.map(([match]) => match),
          [],
        )
      }
    }
  })

  it('carry the severities, labels and links that are set', () => {
    const settings = ['severity_critical=page', 'labels=team=platform', 'dashboard_url=https://g.example.org/grafana/']
    const page = only('KubeletsStrandedByELBChange', 'page', ...settings)
    assert.deepEqual(page.labels, { severity: 'page', team: 'platform' })
    assert.match(page.annotations.dashboard_url, /^https:\/\/g\.example\.org\/grafana\/d\/elb-churn-incident\?/)
  })

  it('ask kube-state-metrics and not the exporter about nodes where that is set', () => {
    const text = renderRules(parseSettings(['nodes_source=kube-state-metrics']), 'prometheus')
    assert.ok(
      !/elbchurn_nodes(_not_ready_ratio)?[ {)]|elbchurn_node_(not_ready|ready)_/.test(
        text.replaceAll(/cluster:\w+/g, ''),
      ),
    )
    assert.match(text, /kube_node_status_condition\{condition="Ready", status="true", job="kube-state-metrics"\}/)
    assert.ok(!text.includes('label_replace'))
    const named = renderRules(
      parseSettings(['nodes_source=kube-state-metrics', 'kube_state_metrics_cluster=prod']),
      'prometheus',
    )
    assert.match(named, /label_replace\(.*, "cluster", "prod", "", ""\)/)
  })

  it('leave out the nodes that the exporter leaves out, by the same taints', () => {
    for (const key of farewellTaints) {
      assert.equal(pruneNode({ metadata: { name: 'n' }, spec: { taints: [{ key }] } }, [])?.deleting, true, key)
    }
    const other = { metadata: { name: 'n' }, spec: { taints: [{ key: 'node.kubernetes.io/unreachable' }] } }
    assert.equal(pruneNode(other, [])?.deleting, false)
  })
})

describe('the rendered rules', () => {
  it('are a PrometheusRule with the labels that its Prometheus selects by', () => {
    const file = parse(renderRules(parseSettings(['prometheusrule_labels=release=stack']), 'prometheusrule'))
    assert.deepEqual(file.metadata, {
      name: 'elb-churn',
      labels: { 'app.kubernetes.io/name': 'elb-churn-exporter', release: 'stack' },
    })
    assert.deepEqual(Object.keys(file.spec), ['groups'])
  })

  it('quote label values that YAML would read as something else', () => {
    const text = renderRules(parseSettings(['labels=tier=1,on=yes']), 'prometheus')
    assert.match(text, /tier: "1"/)
    assert.match(text, /"?on"?: "yes"/)
  })
})
