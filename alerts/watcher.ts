/** Whether anybody is watching: the Kubernetes API out of reach, and the exporter itself. */
import type { RulesConfig } from './config.ts'
import { durationInWords } from './durations.ts'
import {
  absent,
  aggregate,
  calculate,
  combine,
  join,
  max,
  or,
  over,
  select,
  type TargetLabel,
  type Vector,
  where,
} from './promql.ts'
import type { Alert } from './rule.ts'
import { clusterFirst, clusterName, number, ofAlert, plural, valueNumber } from './text.ts'

export function watcherAlerts(config: RulesConfig): Alert[] {
  return [
    apiUnreachable(config),
    exporterDown(config),
    collectorFailing(config),
    reloadFailed(config),
    watchdog(config),
  ]
}

function apiUnreachable(config: RulesConfig): Alert {
  const { selector, api_unreachable_for: forMs } = config
  const up = max(['cluster'], select('elbchurn_collector_up', { collector: 'nodes' }, selector))
  return {
    alert: 'KubernetesAPIUnreachable',
    severity: 'critical',
    expression: where(up, '==', 0),
    forMs,
    keepFiringForMs: config.keep_firing_for,
    summary: `${clusterFirst}the exporter cannot read nodes from the Kubernetes API`,
    description: `No exporter has been able to read the nodes of ${clusterName} for ${durationInWords(forMs)}. The API is down or out of reach, or its credentials are no longer good; elbchurn_collector_errors_total tells by its label reason which, and the exporter's log what was asked.\nUntil it can, nobody sees nodes that are not ready.`,
    board: 'elb-churn-incident',
  }
}

function exporterDown(config: RulesConfig): Alert {
  const { selector, exporter_down_for: forMs, exporter_known_for: knownMs } = config
  const name = 'ElbChurnExporterDown'
  const process = config.exporter_labels as readonly TargetLabel[]
  const build = select('elbchurn_build_info', {}, selector)
  const down = where(select('up', {}, selector), '==', 0)
  // Whatever its job is called, it is one of ours if it has lately said so, or if this alert has: so it lasts as long as the
  // target is down, and ends when it is back or is a target no more.
  const told = select('ALERTS', { alertname: name, alertstate: 'firing', instance: { operator: '!=', value: '' } })
  const known = or(
    join(down, 'and', process, over('last_over_time', build, knownMs)),
    join(down, 'and', process, over('last_over_time', told, knownMs)),
  )
  const none = join(absent(build), 'unless', [], known)
  return {
    alert: name,
    severity: 'warning',
    expression: or(known, none),
    forMs,
    summary: '{{ with $labels.instance }}exporter {{ . }} is down{{ else }}no exporter is scraped{{ end }}',
    description: `{{ with $labels.instance }}Prometheus has not been able to scrape {{ . }} (job {{ $labels.job }}){{ else }}Prometheus has had no series of elb-churn-exporter{{ end }} for ${durationInWords(forMs)}.\nUnless another exporter watches the same, changes and stranded kubelets go unseen.`,
    board: 'elb-churn-exporter',
  }
}

function collectorFailing(config: RulesConfig): Alert {
  const { selector, collector_failing_for: forMs, collector_failing_ratio: share } = config
  const target = ['cluster', 'collector'] as const
  const process = [...target, ...(config.exporter_labels as readonly TargetLabel[])] as const
  const count = (of: Vector<(typeof process)[number]>) => aggregate('count', target, of)
  const up = max(process, select('elbchurn_collector_up', {}, selector))
  const failing = count(where(up, '==', 0))
  const here = { cluster: ofAlert('cluster'), collector: ofAlert('collector') }
  const all = count(max(process, select('elbchurn_collector_up', here, selector)))
  return {
    alert: 'ElbChurnCollectorFailing',
    severity: 'warning',
    // Of two exporters one is enough; of many agents each sees what no other does.
    expression: or(
      combine(failing, '>=', target, count(up)),
      combine(failing, '>', target, calculate(count(up), '*', share)),
    ),
    forMs,
    summary: `${clusterFirst}collector {{ $labels.collector }} fails`,
    description: `Collector {{ $labels.collector }} of ${clusterName} has failed for ${durationInWords(forMs)}, on ${valueNumber} of ${number(all)} ${plural(all, 'process', 'processes')}.\nWhat it watches is withdrawn after some minutes. elbchurn_collector_errors_total tells by its label reason why, and the exporter's log on what.`,
    board: 'elb-churn-exporter',
  }
}

function reloadFailed(config: RulesConfig): Alert {
  const { selector, reload_failed_for: forMs } = config
  const process = config.exporter_labels as readonly TargetLabel[]
  const refused = (metric: 'elbchurn_config_last_reload_successful' | 'elbchurn_web_config_last_reload_successful') =>
    where(max(process, select(metric, {}, selector)), '==', 0)
  return {
    alert: 'ElbChurnConfigReloadFailed',
    severity: 'warning',
    // One that has no web config has no series of it.
    expression: or(
      refused('elbchurn_config_last_reload_successful'),
      refused('elbchurn_web_config_last_reload_successful'),
    ),
    forMs,
    summary: 'exporter {{ $labels.instance }} refused its config',
    description: `The last reload of the config or the web config of {{ $labels.instance }} failed, and it goes on with the one it had. Its log names every fault; elb-churn-exporter check-config FILE --web.config.file=WEBFILE does too.`,
    board: 'elb-churn-exporter',
  }
}

/** Fires as long as all is well, so that somebody outside can notice when it stops. */
function watchdog(config: RulesConfig): Alert {
  return {
    alert: 'ElbChurnWatchdog',
    severity: 'none',
    expression: where(aggregate('count', [], select('elbchurn_build_info', {}, config.selector)), '>', 0),
    forMs: 0,
    summary: 'the exporter, Prometheus and Alertmanager work',
    description:
      'Always firing. Route it to a service that calls you when it stops: then the exporter, Prometheus or Alertmanager is down.',
    board: 'elb-churn-exporter',
  }
}
