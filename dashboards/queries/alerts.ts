/** The alerts of this project as Prometheus records them: https://prometheus.io/docs/prometheus/latest/configuration/alerting_rules/ */
import { defaultConfig } from '../../alerts/config.ts'
import { aggregate, calculate, max, noneOf, oneOf, or, type Selector, type Vector } from '../../alerts/promql.ts'
import { ruleGroups } from '../../alerts/rules.ts'
import { overWindow, type Scope, selectOther } from '../promql.ts'

const shown = ['alertname', 'alertstate', 'severity', 'load_balancer', 'hostname', 'collector'] as const
const labels = [...shown, 'cluster', 'instance'] as const
type AlertLabel = (typeof labels)[number]

const watchdog = 'ElbChurnWatchdog'
const { severity_critical: critical, severity_warning: warning } = defaultConfig
const own = [
  ...new Set(
    ruleGroups(defaultConfig).flatMap(({ rules }) => rules.flatMap((rule) => ('alert' in rule ? [rule.alert] : []))),
  ),
].filter((name) => name !== watchdog)

function alerts(matchers: Parameters<typeof selectOther<AlertLabel>>[2]): Selector<AlertLabel> {
  return selectOther('ALERTS', labels, matchers)
}

/** Those that page or warn, each for as long as it fires. */
export function firing({ cluster }: Scope): Vector<'alertname' | 'severity'> {
  const severity = oneOf(critical, warning)
  const ours = alerts({ alertname: oneOf(...own), alertstate: 'firing', severity, cluster })
  return max(['alertname', 'severity'], ours)
}

export function firingCount({ cluster }: Scope): Vector<'cluster'> {
  const severity = oneOf(critical, warning)
  return aggregate('count', ['cluster'], alerts({ alertname: oneOf(...own), alertstate: 'firing', severity, cluster }))
}

export function pages({ cluster }: Scope): Vector<'cluster'> {
  return max(['cluster'], alerts({ alertname: oneOf(...own), alertstate: 'firing', severity: critical, cluster }))
}

/** 0 only where the rules are loaded, which the watchdog tells. */
export function pagesFiring({ cluster }: Scope): Vector<never> {
  const firing = alerts({ alertname: oneOf(...own), alertstate: 'firing', severity: critical, cluster })
  return or(aggregate('count', [], firing), noAlert())
}

/** Pending ones too: what fires next. */
export function listed({ cluster }: Scope): Vector<(typeof shown)[number]> {
  return max(shown, alerts({ alertname: oneOf(...own), severity: noneOf('none'), cluster }))
}

export const verdicts = { byElb: 3, byDns: 2, before: 1, no: 0 } as const

/** One of `verdicts`; nothing where no alert rules are loaded, which the watchdog tells. */
export function verdict({ cluster }: Scope): Vector<never> {
  const stranded = (alertname: string) => alerts({ alertname, alertstate: 'firing', cluster })
  const byElb = stranded('KubeletsStrandedByELBChange')
  const byDns = stranded('KubeletsStrandedByDNSChange')
  const either = alerts({
    alertname: oneOf('KubeletsStrandedByELBChange', 'KubeletsStrandedByDNSChange'),
    alertstate: 'firing',
    cluster,
  })
  const now = or(
    calculate(aggregate('max', [], byElb), '*', verdicts.byElb),
    calculate(aggregate('max', [], byDns), '*', verdicts.byDns),
  )
  const before = aggregate('max', [], overWindow('max_over_time', either, '$__range'))
  return or(or(now, before), noAlert())
}

function noAlert(): Vector<never> {
  return calculate(aggregate('max', [], alerts({ alertname: watchdog, alertstate: 'firing' })), '*', 0)
}
