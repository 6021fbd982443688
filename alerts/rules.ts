/** The alert pack: one function of a config. */
import { causeAlerts } from './causes.ts'
import { changeAlerts } from './changes.ts'
import type { RulesConfig } from './config.ts'
import { formatDuration } from './durations.ts'
import { recordings } from './recordings.ts'
import { type AlertRule, finish } from './rule.ts'
import { symptomAlerts } from './symptoms.ts'
import { watcherAlerts } from './watcher.ts'

export interface RecordingRule {
  readonly record: string
  readonly expr: string
}

export interface RuleGroup {
  readonly name: string
  readonly interval: string
  readonly rules: readonly (RecordingRule | AlertRule)[]
}

/** One group, since its rules are evaluated in order and at one time: no alert lags behind what is recorded. */
export function ruleGroups(config: RulesConfig): RuleGroup[] {
  const recorded = recordings(config)
  const alerts = [
    ...causeAlerts(config, recorded),
    ...symptomAlerts(config, recorded),
    ...changeAlerts(config, recorded),
    ...watcherAlerts(config),
  ]
  const recordingRules = Object.values(recorded).map(({ record, expression }) => ({ record, expr: expression.text }))
  return [
    {
      name: 'elb-churn',
      interval: formatDuration(config.evaluation_interval),
      rules: [...recordingRules, ...alerts.map((alert) => finish(alert, config))],
    },
  ]
}
