/** All that stands between /metrics and a person, as real processes: the shipped rules, Prometheus, Alertmanager, a pager. */
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { settings } from '../../alerts/config.ts'
import { formatDuration } from '../../alerts/durations.ts'
import type { Setting } from '../../alerts/settings.ts'
import { parseDuration } from '../../exporter/core/duration.ts'
import { type Alertmanager, startAlertmanager } from './alertmanager.ts'
import { type Prometheus, startPrometheus, type Target } from './prometheus.ts'
import { type Notification, type Receivers, startReceivers } from './receivers.ts'

const execute = promisify(execFile)
const program = fileURLToPath(new URL('../../exporter/main.ts', import.meta.url))

export interface AlertChainOptions {
  readonly targets: readonly Target[]
  readonly scrapeMs: number
  readonly evaluationMs: number
  /**
   * Seconds of the story in one second of play: every duration of the rules and every wait of Alertmanager is divided by
   * it, so that they meet the story as they would at its own speed. Default 1, as shipped.
   */
  readonly hurry?: number
  /** More settings of the rules, `key=value` each; they win over `hurry`. */
  readonly set?: readonly string[]
  /** More rule files, as text. */
  readonly rules?: readonly string[]
}

export interface AlertChain {
  readonly prometheus: Prometheus
  readonly alertmanager: Alertmanager
  readonly receivers: Receivers
  stop(): Promise<void>
}

export async function startAlertChain(options: AlertChainOptions): Promise<AlertChain> {
  const { targets, scrapeMs, evaluationMs, hurry = 1, set = [] } = options
  const interval = `evaluation_interval=${formatDuration(evaluationMs)}`
  const pack = await renderedRules([...hurried(hurry), interval, ...set])
  const receivers = await startReceivers()
  const started: { stop(): Promise<void> }[] = [receivers]
  const stop = async () => {
    for (const each of started.toReversed()) await each.stop()
  }
  try {
    const alertmanager = await startAlertmanager({ receivers: receivers.url, hurry })
    started.push(alertmanager)
    const rules = [pack, ...(options.rules ?? [])]
    const prometheus = await startPrometheus({ targets, scrapeMs, evaluationMs, rules, alertmanager: alertmanager.url })
    started.push(prometheus)
    return { prometheus, alertmanager, receivers, stop }
  } catch (cause) {
    await stop()
    throw cause
  }
}

/** The alert pack for Prometheus, by the command that users have. */
async function renderedRules(assignments: readonly string[]): Promise<string> {
  const set = assignments.flatMap((assignment) => ['--set', assignment])
  const argv = [program, 'rules', '--format=prometheus', ...set]
  const { stdout } = await execute(process.execPath, argv, { timeout: 20_000 })
  return stdout
}

/** Every duration that the rules have, divided; none becomes 0. */
function hurried(factor: number): string[] {
  if (factor === 1) return []
  return Object.entries<Setting<unknown>>(settings).flatMap(([key, { shown }]) => {
    const ms = parseDuration(shown)
    return ms === undefined || ms === 0 ? [] : [`${key}=${formatDuration(Math.max(1, Math.round(ms / factor)))}`]
  })
}

/** What the pager was told of one incident, once. */
export interface Page {
  readonly atMs: number
  readonly action: 'trigger' | 'resolve'
  /** The same for all that is told of an incident. */
  readonly incident: string
  readonly cluster: string
  /** All that a lock screen shows. */
  readonly title: string
  readonly text: string
}

interface PagerDutyEvent {
  readonly event_action: Page['action']
  readonly dedup_key: string
  readonly payload: {
    readonly summary: string
    readonly group: string
    readonly custom_details: Readonly<Record<'firing' | 'resolved', string>>
  }
}

/** The pages so far, in order. Only what is critical goes to the pager. */
export function pagesOf(notifications: readonly Notification[]): Page[] {
  const pages = notifications.filter(({ receiver }) => receiver === 'pagerduty')
  return pages.map(({ atMs, body }) => {
    const { event_action: action, dedup_key: incident, payload } = body as unknown as PagerDutyEvent
    const { firing, resolved } = payload.custom_details
    const text = (action === 'trigger' ? firing : resolved).trim()
    return { atMs, action, incident, cluster: payload.group, title: payload.summary, text }
  })
}
