import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { promisify } from 'node:util'
import { parse, stringify } from 'yaml'
import { defaultConfig } from '../../alerts/config.ts'
import { ruleGroups } from '../../alerts/rules.ts'
import type { ToolName } from '../tools/catalogue.ts'
import { findTool } from '../tools/find.ts'

const execute = promisify(execFile)
const folder = import.meta.dirname
const committed = resolve(folder, '../../alerts')
const scenarios = (await readdir(folder)).filter((name) => name.endsWith('.yaml'))
/** The oldest that the pack is for, and the newest. */
const versions: readonly ToolName[] = ['promtool-release', 'promtool']

let work = ''
before(async () => {
  work = await mkdtemp(join(tmpdir(), 'rules-'))
})
after(() => rm(work, { recursive: true, force: true }))

async function promtool(version: ToolName, ...args: string[]): Promise<void> {
  const { command, env } = await findTool(version)
  await execute(command, args, { env: { ...process.env, ...env }, timeout: 60_000 }).catch((cause) => {
    throw new Error(`promtool ${args.join(' ')} failed:\n${cause.stdout}${cause.stderr}`, { cause })
  })
}

describe('the alert pack', { concurrency: 2 }, () => {
  it('is the same for Prometheus and for the Operator', async () => {
    const plain = parse(await readFile(join(committed, 'rules.yaml'), 'utf8'))
    const { apiVersion, kind, spec } = parse(await readFile(join(committed, 'prometheusrule.yaml'), 'utf8'))
    assert.deepEqual({ apiVersion, kind }, { apiVersion: 'monitoring.coreos.com/v1', kind: 'PrometheusRule' })
    assert.deepEqual(spec, plain)
  })

  for (const version of versions) {
    it(`passes the checks of ${version}, in both files and with the nodes of kube-state-metrics`, async () => {
      const { spec } = parse(await readFile(join(committed, 'prometheusrule.yaml'), 'utf8'))
      const ofOperator = join(work, `${version}.yaml`)
      await writeFile(ofOperator, stringify(spec))
      const files = [join(committed, 'rules.yaml'), ofOperator, join(folder, 'rendered/kube-state-metrics.yaml')]
      await promtool(version, 'check', 'rules', '--lint=all', '--lint-fatal', ...files)
    })

    for (const scenario of scenarios) {
      it(`does what ${scenario} says, by ${version}`, () => promtool(version, 'test', 'rules', join(folder, scenario)))
    }
  }
})

interface Case {
  readonly alertname: string
  readonly exp_alerts?: readonly { readonly exp_labels?: { readonly severity?: string } }[]
}

describe('the tests of the alert pack', () => {
  it('let every alert fire once with its text, and once not, at each of its severities', async () => {
    const texts = await Promise.all(scenarios.map((name) => readFile(join(folder, name), 'utf8')))
    const cases: Case[] = texts.flatMap((text) =>
      parse(text).tests.flatMap((test: { alert_rule_test?: Case[] }) => test.alert_rule_test ?? []),
    )
    const fires = (alert: string, severity: string | undefined) => (each: Case) =>
      each.alertname === alert && (each.exp_alerts ?? []).some(({ exp_labels }) => exp_labels?.severity === severity)
    const rules = ruleGroups(defaultConfig).flatMap((group) => group.rules)
    const alerts = rules.flatMap((rule) => ('alert' in rule ? [rule] : []))
    const untested = alerts.flatMap(({ alert, labels }) => {
      const firing = fires(alert, labels.severity)
      const silent = cases.some((each) => each.alertname === alert && !firing(each))
      return cases.some(firing) && silent ? [] : [`${alert} ${labels.severity}`]
    })
    assert.ok(alerts.length >= 16)
    assert.deepEqual(untested, [])
  })
})
