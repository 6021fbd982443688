/** The shipped Alertmanager example, asked of amtool in the version of a stable Debian and in the newest. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { describe, it } from 'node:test'
import { promisify } from 'node:util'
import { parse } from 'yaml'
import { findTool, type Tool } from '../tools/find.ts'
import { contractAlerts, watchdog } from './contract-alerts.ts'

const execute = promisify(execFile)
const example = resolve(import.meta.dirname, '../../alerts/alertmanager.yaml')

const receiverOf = { critical: 'pager', warning: 'chat', info: 'nowhere' } as const

interface Route {
  readonly receiver?: string
  readonly group_wait?: string
  readonly routes?: readonly Route[]
}

interface RouteCase {
  readonly alert: string
  readonly severity: string
  readonly receiver: string
}

const routeCases: readonly RouteCase[] = [
  ...Object.entries(contractAlerts).flatMap(([alert, severities]) =>
    severities.map((severity) => ({ alert, severity, receiver: receiverOf[severity] })),
  ),
  { alert: watchdog, severity: 'none', receiver: 'dead-mans-switch' },
  { alert: 'Watchdog', severity: 'none', receiver: 'nowhere' },
  { alert: 'KubeNodeNotReady', severity: 'warning', receiver: 'chat' },
  { alert: 'SomethingElse', severity: 'page', receiver: 'chat' },
]

function run(tool: Tool, ...args: string[]): Promise<{ stdout: string; stderr: string }> {
  return execute(tool.command, args, { env: { ...process.env, ...tool.env }, timeout: 20_000 })
}

for (const name of ['amtool-release', 'amtool'] as const) {
  describe(`the Alertmanager example, asked of ${name}`, () => {
    it('is a valid configuration with its templates, and warns of nothing', async () => {
      const { stdout, stderr } = await run(await findTool(name), 'check-config', example)
      assert.match(stdout, /SUCCESS[\s\S]*1 templates\s+SUCCESS/)
      assert.doesNotMatch(stdout + stderr, /warn|incompatible|disagreement/i)
    })

    it('sends each alert of the contract where its severity belongs', async () => {
      const tool = await findTool(name)
      for (const { alert, severity, receiver } of routeCases) {
        const labels = [`alertname=${alert}`, `severity=${severity}`, 'cluster=prod']
        const { stdout } = await run(tool, 'config', 'routes', 'test', `--config.file=${example}`, ...labels)
        assert.equal(stdout.trim(), receiver, `${alert} ${severity}`)
      }
    })
  })
}

describe('the Alertmanager example', () => {
  it('lets a page wait 10 s at the most', async () => {
    const { route }: { route: Route } = parse(await readFile(example, 'utf8'))
    const pager = route.routes?.find(({ receiver }) => receiver === 'pager')
    const waits = [pager ?? {}, ...(pager?.routes ?? [])].flatMap(({ group_wait }) => group_wait ?? [])
    assert.ok(waits.length > 0)
    for (const wait of waits) assert.match(wait, /^(?:\d|10)s$/)
  })

  it('needs no parser of the past', async () => {
    await run(await findTool('amtool'), 'check-config', '--enable-feature=utf8-strict-mode', example)
  })
})
