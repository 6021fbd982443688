import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { describe, it } from 'node:test'
import { defaultConfig, describeSettings, parseSettings, SettingError, settings } from '../../../alerts/config.ts'
import { durationInWords, formatDuration } from '../../../alerts/durations.ts'

function faultOf(...assignments: string[]): string {
  try {
    parseSettings(assignments)
  } catch (error) {
    assert.ok(error instanceof SettingError)
    return error.message
  }
  return ''
}

describe('the settings of the alert pack', () => {
  it('have the thresholds of the contract as their defaults', () => {
    assert.equal(defaultConfig.change_window, 20 * 60_000)
    assert.equal(defaultConfig.stranded_not_ready_ratio, 0.05)
    assert.equal(defaultConfig.not_ready_critical_ratio, 0.3)
    assert.equal(defaultConfig.churn_removals, 6)
    assert.equal(defaultConfig.nodes_source, 'exporter')
  })

  it('take a value of each kind, the last one of a key', () => {
    const config = parseSettings([
      'change_window=25m',
      'change_window=1h30m',
      'stranded_not_ready_ratio=7.5%',
      'flapped_ratio=0.5',
      'stranded_nodes=3',
      'stranded_for=0s',
      'nodes_source=kube-state-metrics',
      'selector={env="prod", team=~"a|b,c"}',
      'labels=team=platform,tier=1',
      'prometheusrule_labels=release=stack,example.com/part-of=monitoring',
      'exporter_labels=job, pod',
      'runbook_url=https://wiki.example.com/alerts/',
      'kube_state_metrics_cluster=prod east',
    ])
    assert.equal(config.change_window, 90 * 60_000)
    assert.equal(config.stranded_not_ready_ratio, 0.075)
    assert.equal(config.flapped_ratio, 0.5)
    assert.equal(config.stranded_nodes, 3)
    assert.equal(config.stranded_for, 0)
    assert.equal(config.nodes_source, 'kube-state-metrics')
    assert.equal(config.selector, 'env="prod", team=~"a|b,c"')
    assert.deepEqual(config.labels, { team: 'platform', tier: '1' })
    assert.deepEqual(config.prometheusrule_labels, { release: 'stack', 'example.com/part-of': 'monitoring' })
    assert.deepEqual(config.exporter_labels, ['job', 'pod'])
    assert.equal(config.runbook_url, 'https://wiki.example.com/alerts')
    assert.equal(config.kube_state_metrics_cluster, 'prod east')
    assert.equal(config.stale_ratio, defaultConfig.stale_ratio)
  })

  it('take their own defaults as they show them', () => {
    const shown = Object.entries(settings).map(([key, { shown: value }]) => `${key}=${value}`)
    assert.deepEqual(parseSettings(shown), defaultConfig)
  })

  const bad = {
    'an unknown key': ['nope=1', /^--set nope=1: unknown key; known are evaluation_interval, .*, reload_failed_for$/],
    'a key of every object': ['toString=1', /unknown key/],
    'no value': ['stranded_for', /^--set stranded_for: is not of the form key=value$/],
    'a duration without a unit': ['stranded_for=30', /is not a duration such as 30s, 5m or 1h30m$/],
    'a window of nothing': ['change_window=0s', /must be longer than 0s$/],
    'a share above all': ['flapped_ratio=120%', /is not a share such as 0.05 or 5%$/],
    'a negative share': ['flapped_ratio=-0.1', /is not a share/],
    'an empty share': ['flapped_ratio=', /is not a share/],
    'a count of nothing': ['stranded_nodes=0', /is not a whole number from 1 on$/],
    'a source that does not exist': ['nodes_source=ksm', /is not one of exporter, kube-state-metrics$/],
    'matchers without quotes': ['selector=env=prod', /is not a list of label matchers/],
    'matchers that end the template': ['selector=env="`}}"', /is not a list of label matchers/],
    'matchers that end the selector': ['selector=a="b"} or up{a="b"', /is not a list of label matchers/],
    'a label that rules set': [
      'labels=team=a,severity=page',
      /: cannot set the label severity, by which the rules tell/,
    ],
    'a label that tells one exporter from another': ['labels=instance=x', /cannot set the label instance/],
    'a label that every metric has': ['labels=cluster=x', /cannot set the label cluster/],
    'a label of Kubernetes on an alert': ['labels=example.com/a=b', /is not a list of labels/],
    'a label without a value': ['labels=team', /is not a list of labels/],
    'label names with a space': ['exporter_labels=a b', /is not a list of label names/],
    'a path for a URL': ['dashboard_url=/d', /is not a URL/],
    'a URL of a script': ['dashboard_url=javascript:alert', /is not a URL/],
    'a template in a URL': ['runbook_url=https://a.example/{{ . }}', /is not a URL/],
    'a severity of two words': ['severity_critical=wake up', /is not one word$/],
  } as const
  for (const [what, [assignment, fault]] of Object.entries(bad)) {
    it(`refuse ${what}`, () => assert.match(faultOf(assignment), fault))
  }

  it('refuse a label that tells exporters apart where that is set, in either order', () => {
    const fault = '--set labels=pod=x: cannot set the label pod, by which the rules tell one alert from another'
    assert.equal(faultOf('labels=team=a,pod=x', 'exporter_labels=job,pod'), fault)
    assert.equal(faultOf('exporter_labels=job,pod', 'labels=pod=x'), fault)
    assert.equal(faultOf('labels=pod=x'), '')
  })

  it('refuse every label that an alert takes from its expression', async () => {
    const texts = [await readFile(new URL('../../../alerts/rules.yaml', import.meta.url), 'utf8')]
    const used = new Set(texts.flatMap((text) => [...text.matchAll(/\$labels\.(\w+)/g)].map(([, name]) => name)))
    assert.ok(used.size > 6)
    for (const name of used) assert.match(faultOf(`labels=${name}=x`), /cannot set the label/, name)
  })

  it('tell all faults at once, a line each', () => {
    assert.equal(faultOf('nope=1', 'stranded_for=x', 'stranded_nodes=2').split('\n').length, 2)
  })

  it('are described one by one with their defaults', () => {
    const lines = describeSettings().split('\n')
    assert.equal(lines.length, Object.keys(settings).length)
    assert.ok(lines.some((line) => /^ {2}change_window=20m +How long/.test(line)))
  })
})

describe('durations', () => {
  it('are written for PromQL and for people', () => {
    assert.deepEqual([0, 15_000, 90_000, 3_600_000, 5_400_000, 86_400_000, 500].map(formatDuration), [
      '0s',
      '15s',
      '1m30s',
      '1h',
      '1h30m',
      '1d',
      '500ms',
    ])
    assert.deepEqual([0, 1_000, 60_000, 300_000, 5_400_000].map(durationInWords), [
      '0 seconds',
      '1 second',
      '1 minute',
      '5 minutes',
      '1 hour 30 minutes',
    ])
  })
})
