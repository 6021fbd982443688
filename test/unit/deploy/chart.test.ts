/** The parts of the chart that need no Helm: its files are made from the code, and say what the code says. */
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { describe, it } from 'node:test'
import { Ajv } from 'ajv'
import fc from 'fast-check'
import { parse } from 'yaml'
import { parseSettings, SettingError, settings } from '../../../alerts/config.ts'
import type { Setting } from '../../../alerts/settings.ts'
import { type Variant, variants } from '../../../deploy/chart/placeholders.ts'
import { ruleTemplate, settingsSchema } from '../../../deploy/chart/rules.ts'

const chart = resolve(import.meta.dirname, '../../../deploy/helm/elb-churn-exporter')
const all = Object.entries<Setting<unknown>>(settings)
const takes = new Ajv({ allErrors: true }).compile(settingsSchema())

function accepted(key: string, text: string): boolean {
  try {
    parseSettings([`${key}=${text}`])
    return true
  } catch (error) {
    assert.ok(error instanceof SettingError)
    return false
  }
}

describe('the settings of the rules as values of the chart', () => {
  it('are all in values.yaml, with their defaults, and pass the schema', async () => {
    const values: Record<string, unknown> = parse(await readFile(resolve(chart, 'values.yaml'), 'utf8')).rules.settings
    assert.deepEqual(Object.keys(values), Object.keys(settings))
    for (const [key, { kind, standard, shown }] of all) {
      const typed = ['labels', 'count', 'ratio'].includes(kind) ? standard : shown
      assert.deepEqual(values[key], typed, key)
    }
    assert.equal(takes(values), true, JSON.stringify(takes.errors))
  })

  const texts = fc.oneof(
    fc.constantFrom(
      '',
      '0s',
      '5m',
      '1h30m',
      '90',
      '0',
      '0.0',
      '1',
      '1.0',
      '1.01',
      '100%',
      '101%',
      '5.5%',
      '-1',
      '1e-3',
    ),
    fc.constantFrom('a="b"', 'a="b", c=~"d|e"', 'a=b', '{a="b"}', 'a="b",', 'job', 'job,instance', 'job,', '9a', 'a b'),
    fc.constantFrom('https://a.example.com', 'http://a/b/', 'ftp://a', 'https://a/{b}', 'a.example.com', 'exporter'),
    fc.stringMatching(/^[0-9a-z.%]{0,6}$/),
  )

  for (const [key, { kind }] of all) {
    if (kind === 'labels' || kind === 'count') continue
    it(`take a text for ${key} only where the command does`, () => {
      fc.assert(
        fc.property(texts, (text) => {
          if (takes({ [key]: text }))
            assert.ok(accepted(key, text), `the chart takes ${key}=${text}, the command does not`)
        }),
      )
    })
  }

  it('are refused by the schema with names of labels that rules set themselves', () => {
    assert.equal(takes({ labels: { team: 'a' } }), true)
    for (const name of ['alertname', 'severity', 'instance', 'cluster', '__name__', 'a-b'])
      assert.equal(takes({ labels: { [name]: 'a' } }), false)
    assert.equal(takes({ prometheusrule_labels: { 'example.com/part-of': 'a' } }), true)
  })
})

describe('the rules with placeholders', () => {
  for (const variant of Object.keys(variants) as Variant[]) {
    it(`show every setting that they use in no other form (${variant})`, () => {
      const text = ruleTemplate(variant)
      const used = new Set([...text.matchAll(/\$\{(\w+)\.\w+\}/g)].map(([, key]) => key))
      assert.ok(used.size > 40, `${used.size} settings`)
      assert.doesNotMatch(text, /98700\d|11d\d\dh|sentinel|\b0\.11\d\d\b|\b1[01]\.\d\d%/)
      assert.doesNotThrow(() => JSON.parse(text))
    })
  }
})
