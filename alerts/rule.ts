/** What an alert is before it is rendered, and the one pass that gives each its labels and links. */
import type { RulesConfig } from './config.ts'
import { formatDuration } from './durations.ts'
import { calculate, now, type Vector } from './promql.ts'
import { question } from './text.ts'

export type Severity = 'critical' | 'warning' | 'info' | 'none'

export interface Alert {
  readonly alert: string
  readonly severity: Severity
  readonly expression: Vector<string>
  /** Milliseconds the condition must hold. */
  readonly forMs: number
  /** Milliseconds the alert outlives its condition. */
  readonly keepFiringForMs?: number
  readonly summary: string
  readonly description: string
  /** Dashboard that the alert links to. */
  readonly board: 'elb-churn-incident' | 'elb-churn-exporter'
  /** Begin of the dashboard's time range, Unix time in seconds; default: some time before now. */
  readonly from?: Vector<string>
}

export interface AlertRule {
  readonly alert: string
  readonly expr: string
  readonly for?: string
  readonly keep_firing_for?: string
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<'summary' | 'description' | 'runbook_url' | 'dashboard_url', string>>
}

/** Throws where a text is missing: a page that says nothing is worse than none. */
export function finish(alert: Alert, config: RulesConfig): AlertRule {
  const { summary, description, forMs, keepFiringForMs = 0 } = alert
  for (const [name, text] of Object.entries({ summary, description })) {
    if (text.trim() === '') throw new Error(`alert ${alert.alert} has no ${name}`)
  }
  return {
    alert: alert.alert,
    expr: alert.expression.text,
    ...(forMs > 0 && { for: formatDuration(forMs) }),
    ...(keepFiringForMs > 0 && { keep_firing_for: formatDuration(keepFiringForMs) }),
    labels: { severity: config[`severity_${alert.severity}`], ...config.labels },
    annotations: {
      summary,
      description,
      runbook_url: `${config.runbook_url}/${alert.alert}.md`,
      dashboard_url: dashboardUrl(alert, config),
    },
  }
}

/** From some time before until now, since Grafana then goes on to show what happens. */
function dashboardUrl({ board, from }: Alert, config: RulesConfig): string {
  const begin = calculate(calculate(from ?? now, '-', config.dashboard_before / 1_000), '*', 1_000)
  const fromMs = `{{ with ${question(begin)} }}{{ . | first | value | printf "%.0f" }}{{ end }}`
  const cluster = board === 'elb-churn-incident' ? 'var-cluster={{ $labels.cluster | urlquery }}&' : ''
  return `${config.dashboard_url}/d/${board}?${cluster}from=${fromMs}&to=now`
}
