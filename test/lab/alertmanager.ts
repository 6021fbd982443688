import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parse, stringify } from 'yaml'
import { findTool } from '../tools/find.ts'
import { relocate } from '../tools/relocate.ts'
import { onFreePort, startDaemon } from './daemon.ts'

const alertsFolder = resolve(import.meta.dirname, '../../alerts')

export interface PostedAlert {
  readonly labels: Readonly<Record<string, string>>
  readonly annotations?: Readonly<Record<string, string>>
  readonly startsAt?: string
  /** In the past: resolved. */
  readonly endsAt?: string
}

/** A real Alertmanager on loopback, loaded with the example that the project ships. */
export interface Alertmanager {
  readonly url: string
  post(alerts: readonly PostedAlert[]): Promise<void>
  output(): string
  stop(): Promise<void>
}

export interface AlertmanagerOptions {
  /** `alertmanager`: the newest; `alertmanager-release`: the one that a stable Debian carries. */
  readonly tool?: 'alertmanager' | 'alertmanager-release'
  /** Where PagerDuty, Slack and the webhook are, see receivers.ts. */
  readonly receivers: string
  /** All waiting times of the routes are divided by it; default 1, as shipped. */
  readonly hurry?: number
}

export async function startAlertmanager(options: AlertmanagerOptions): Promise<Alertmanager> {
  const tool = await relocate(await findTool(options.tool ?? 'alertmanager'), '/usr/share/prometheus/alertmanager')
  const folder = await mkdtemp(join(tmpdir(), 'alertmanager-'))
  const config = join(folder, 'alertmanager.yaml')
  try {
    await writeFile(join(folder, 'routing-key'), 'routing-key-of-the-test')
    await writeFile(join(folder, 'slack-url'), `${options.receivers}/slack`)
    await writeFile(join(folder, 'token'), 'token-of-the-test')
    await writeFile(config, await exampleConfig(folder, options))
    return await onFreePort(async (port) => {
      const url = `http://127.0.0.1:${port}`
      const daemon = await startDaemon({
        ...tool,
        args: [
          `--config.file=${config}`,
          `--storage.path=${join(folder, 'data')}`,
          `--web.listen-address=127.0.0.1:${port}`,
          '--cluster.listen-address=',
        ],
        ready: async () => (await fetch(`${url}/-/ready`)).ok,
      })
      return {
        url,
        post: (alerts) => post(url, alerts),
        output: () => daemon.output(),
        async stop() {
          await daemon.stop()
          await rm(folder, { recursive: true, force: true })
        },
      }
    })
  } catch (cause) {
    await rm(folder, { recursive: true, force: true })
    throw cause
  }
}

async function post(url: string, alerts: readonly PostedAlert[]): Promise<void> {
  const response = await fetch(`${url}/api/v2/alerts`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(alerts),
    signal: AbortSignal.timeout(5_000),
  })
  if (!response.ok) throw new Error(`Alertmanager refused the alerts: ${response.status} ${await response.text()}`)
}

interface Route {
  group_wait?: string
  group_interval?: string
  repeat_interval?: string
  routes?: Route[]
}

/** The shipped example with secrets and addresses of the test, and nothing else changed but the waiting times. */
async function exampleConfig(folder: string, options: AlertmanagerOptions): Promise<string> {
  const text = (await readFile(join(alertsFolder, 'alertmanager.yaml'), 'utf8'))
    .replace('/etc/alertmanager/secrets/pagerduty-routing-key', join(folder, 'routing-key'))
    .replace('/etc/alertmanager/secrets/slack-webhook-url', join(folder, 'slack-url'))
    .replace('/etc/alertmanager/secrets/dead-mans-switch-token', join(folder, 'token'))
    .replace('https://dead-mans-switch.example.com', `${options.receivers}/webhook`)
  const config: { global: Record<string, unknown>; templates: string[]; route: Route } = parse(text)
  config.global.pagerduty_url = `${options.receivers}/pagerduty`
  config.templates = config.templates.map((name) => join(alertsFolder, name))
  hurry(config.route, options.hurry ?? 1)
  return stringify(config)
}

const msPerUnit: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 }

function hurry(route: Route, factor: number): void {
  for (const key of ['group_wait', 'group_interval', 'repeat_interval'] as const) {
    const [, digits = '', unit = ''] = /^(\d+)(ms|s|m|h)$/.exec(route[key] ?? '') ?? []
    if (digits !== '') route[key] = `${Math.round((Number(digits) * (msPerUnit[unit] ?? 0)) / factor)}ms`
  }
  for (const child of route.routes ?? []) hurry(child, factor)
}
