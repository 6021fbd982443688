/** The runbooks as a tired person needs them: whole, alike, and with nothing in them that is not there. */
import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { describe, it } from 'node:test'
import { defaultConfig, settings } from '../../../alerts/config.ts'
import { ruleGroups } from '../../../alerts/rules.ts'
import { serviceMetrics } from '../../../exporter/service/metrics.ts'
import { connectionsMetrics } from '../../../exporter/signals/connections/metrics.ts'
import { dnsMetrics } from '../../../exporter/signals/dns/metrics.ts'
import { elbMetrics } from '../../../exporter/signals/elb/metrics.ts'
import { heartbeatsMetrics } from '../../../exporter/signals/heartbeats/metrics.ts'
import { nodesMetrics } from '../../../exporter/signals/nodes/metrics.ts'
import { contractAlerts, watchdog } from '../../rules/contract-alerts.ts'

const alerts = resolve(import.meta.dirname, '../../../alerts')
const folder = join(alerts, 'runbooks')
const index = join(folder, 'README.md')

const headings = [
  'What it means',
  'Confirm it in two commands',
  'Stop the bleeding',
  'End it for good',
  'When it is a false alarm',
  'Sources',
]

const runbooks = readdirSync(folder)
  .filter((file) => file.endsWith('.md') && file !== 'README.md')
  .map((file) => ({ alert: basename(file, '.md'), file: join(folder, file), text: read(join(folder, file)) }))

const pages = [...runbooks.map(({ file }) => file), index, join(alerts, 'README.md')]

const alertRules = ruleGroups(defaultConfig).flatMap(({ rules }) => rules.filter((rule) => 'alert' in rule))

const metrics = new Set(
  [serviceMetrics, elbMetrics, dnsMetrics, nodesMetrics, heartbeatsMetrics, connectionsMetrics].flatMap((table) =>
    Object.keys(table),
  ),
)

function read(file: string): string {
  return readFileSync(file, 'utf8')
}

/** Headings and what stands below each, without the page's title. */
function sections(text: string): [string, string][] {
  return text
    .split(/^## /m)
    .slice(1)
    .map((section) => {
      const end = section.indexOf('\n')
      return [section.slice(0, end), section.slice(end).trim()]
    })
}

function section(text: string, heading: string): string {
  return sections(text).find(([name]) => name === heading)?.[1] ?? ''
}

/** As GitHub makes them of headings. */
function anchors(text: string): string[] {
  return [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\w\- ]/g, '')
      .replaceAll(' ', '-'),
  )
}

function blocks(text: string, language: string): string[] {
  return [...text.matchAll(/^ *```(\w+)\n([\s\S]*?)^ *```$/gm)].flatMap(([, name, block = '']) =>
    name === language ? [block] : [],
  )
}

describe('the runbooks', () => {
  it('are there for every alert of the rules, and for nothing else', () => {
    const names = [...new Set(alertRules.map(({ alert }) => alert))].sort()
    assert.deepEqual(runbooks.map(({ alert }) => alert).sort(), names)
  })

  it('are where the rules point to', () => {
    for (const { alert, annotations } of alertRules) {
      assert.equal(annotations.runbook_url, `${defaultConfig.runbook_url}/${alert}.md`)
    }
  })

  it('are all in the index', () => {
    const listed = [...read(index).matchAll(/\[(\w+)\]\(\1\.md\)/g)].map(([, name]) => name)
    assert.deepEqual(listed.sort(), runbooks.map(({ alert }) => alert).sort())
  })

  for (const { alert, text } of runbooks) {
    it(`${alert} has the six headings in their order, with words below each`, () => {
      assert.ok(text.startsWith(`# ${alert}\n\n## `))
      assert.deepEqual(
        sections(text).map(([heading]) => heading),
        headings,
      )
      for (const [heading, body] of sections(text)) assert.ok(body.length > 40, `${heading} is empty`)
    })

    it(`${alert} is confirmed by two commands with what they print, and names its sources`, () => {
      const confirm = section(text, 'Confirm it in two commands')
      assert.equal(blocks(confirm, 'sh').length, 2)
      assert.equal(blocks(confirm, 'text').length, 2)
      for (const command of blocks(confirm, 'sh')) assert.equal(command.trim().split('\n').length, 1)
      assert.match(section(text, 'Sources'), /^1\. .*https:\/\//m)
    })

    it(`${alert} is short, and its references have their source`, () => {
      assert.ok(text.split('\n').length <= 110, 'nobody reads more at night')
      const prose = text.replaceAll(/```[\s\S]*?```/g, '').replace(/\n## Sources[\s\S]*/, '')
      const cited = [...prose.matchAll(/\[(\d+)\]/g)].map(([, number]) => Number(number))
      const listed = [...section(text, 'Sources').matchAll(/^(\d+)\. /gm)].map(([, number]) => Number(number))
      assert.deepEqual(
        listed,
        [...listed.keys()].map((at) => at + 1),
      )
      for (const number of cited) assert.ok(listed.includes(number), `[${number}] is cited and not listed`)
    })
  }

  it('have no dead link inside of the project', () => {
    for (const page of pages) {
      for (const [, target = ''] of read(page).matchAll(/\]\(([^)\s]+)\)/g)) {
        if (target.startsWith('https://')) continue
        const [path = '', anchor] = target.split('#')
        const file = path === '' ? page : join(dirname(page), path)
        assert.ok(existsSync(file), `${page}: ${target}`)
        if (anchor !== undefined) assert.ok(anchors(read(file)).includes(anchor), `${page}: ${target}`)
      }
    }
  })

  it('ask only for metrics that there are', () => {
    for (const page of pages) {
      for (const [name] of read(page).matchAll(/\belbchurn_\w+/g)) assert.ok(metrics.has(name), `${page}: ${name}`)
    }
  })

  it('name only settings that the rules have', () => {
    for (const page of pages) {
      const words = [...read(page).matchAll(/`([a-z]+(?:_[a-z]+)+)`/g)].map(([, word = '']) => word)
      const known = new Set([...Object.keys(settings), ...notSettings])
      for (const word of words) assert.ok(known.has(word), `${page}: ${word}`)
    }
  })
})

/** Words in the same dress that are no settings of the rules. */
const notSettings = [
  ...[
    'tcp_retries2',
    'load_balancers',
    'role_arn',
    'not_found',
    'scrape_timeout',
    'load_balancer',
    'group_by',
    'group_wait',
  ],
  ...['inhibit_rules', 'rule_files', 'external_labels', 'group_interval', 'repeat_interval', 'url_file'],
]

describe('the rules', () => {
  it('have the alerts that users may rely on, with these severities', () => {
    const found: Record<string, Set<string>> = {}
    for (const { alert, labels } of alertRules) {
      found[alert] ??= new Set()
      found[alert].add(labels.severity ?? '')
    }
    const promised = { ...contractAlerts, [watchdog]: ['none'] }
    assert.deepEqual(
      Object.fromEntries(Object.entries(found).map(([alert, severities]) => [alert, [...severities].sort()])),
      Object.fromEntries(Object.entries(promised).map(([alert, severities]) => [alert, [...severities].sort()])),
    )
  })
})
