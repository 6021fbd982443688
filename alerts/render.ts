/** The alert pack as files. */
import { stringify } from 'yaml'
import type { RulesConfig } from './config.ts'
import { ruleGroups } from './rules.ts'

export const ruleFormats = ['prometheusrule', 'prometheus'] as const
export type RuleFormat = (typeof ruleFormats)[number]

const note = '# Made by `elb-churn-exporter rules`, which has settings for every number and name: see its --help.\n'

/** `prometheusrule`: for the Prometheus Operator. `prometheus`: for Prometheus, and the rulers of Mimir and Thanos. */
export function renderRules(config: RulesConfig, format: RuleFormat): string {
  const spec = { groups: ruleGroups(config) }
  return note + toYaml(format === 'prometheus' ? spec : prometheusRule(config, spec))
}

/** Source: https://prometheus-operator.dev/docs/api-reference/api/#monitoring.coreos.com/v1.PrometheusRule */
function prometheusRule(config: RulesConfig, spec: object): object {
  const labels = { 'app.kubernetes.io/name': 'elb-churn-exporter', ...config.prometheusrule_labels }
  return {
    apiVersion: 'monitoring.coreos.com/v1',
    kind: 'PrometheusRule',
    metadata: { name: 'elb-churn', labels },
    spec,
  }
}

/** Long lines stay whole, so that a diff shows what changed in PromQL; `version` keeps yes and no quoted for Go. */
function toYaml(value: object): string {
  return stringify(value, { lineWidth: 0, version: '1.1', blockQuote: 'literal', aliasDuplicateObjects: false })
}
