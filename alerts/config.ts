/**
 * Every number and name of the alert pack, once: expressions, `for` and the texts take them from here. Defaults are what
 * `alerts/*.yaml` are rendered with; `elb-churn-exporter rules --set key=value` renders others.
 */
import {
  alertLabelName,
  choice,
  count,
  duration,
  labelNames,
  labels,
  labelTaken,
  matchers,
  objectLabelName,
  period,
  ratio,
  type Setting,
  text,
  url,
  wordSetting,
} from './settings.ts'

const minute = 60_000
const hour = 60 * minute

export const settings = {
  evaluation_interval: period(5_000, 'How often the group is evaluated.'),
  since_step: period(15_000, 'How finely the rules look back for since when something is so.'),
  keep_firing_for: duration(1 * minute, 'How long a page outlives its condition, over a restart of the exporter.'),

  selector: matchers('', 'Label matchers put on every metric of the exporter, as in env="prod".'),
  exporter_labels: labelNames(['job', 'instance'], 'Labels that tell one exporter or agent process from another.'),
  nodes_source: choice(['exporter', 'kube-state-metrics'], 'exporter', 'Who tells which nodes are ready.'),
  kube_state_metrics_selector: matchers('job="kube-state-metrics"', 'Label matchers put on every kube_ metric.'),
  kube_state_metrics_cluster: text('', 'Value of the label cluster for kube_ metrics that have none.'),
  kube_state_metrics_min_age: duration(2 * minute, 'A node younger than this is left out, of kube_ metrics.'),

  runbook_url: url('https://runbooks.example.com/elb-churn', 'Where the runbooks are: <runbook_url>/<alert>.md'),
  dashboard_url: url('https://grafana.example.com', 'Grafana: <dashboard_url>/d/elb-churn-incident'),
  dashboard_before: duration(15 * minute, 'How long before the change the linked dashboard begins.'),
  names_shown: count(5, 'Addresses and nodes that a text names; the rest is counted.'),
  severity_critical: wordSetting('critical', 'Value of the label severity that pages.'),
  severity_warning: wordSetting('warning', 'Value of the label severity that can wait.'),
  severity_info: wordSetting('info', 'Value of the label severity that is routed nowhere.'),
  severity_none: wordSetting('none', 'Value of the label severity of the watchdog.'),
  labels: labels({}, 'Labels put on every alert, as in team=platform,tier=1.', alertLabelName),
  prometheusrule_labels: labels(
    {},
    'Labels of the PrometheusRule, as in release=kube-prometheus-stack.',
    objectLabelName,
  ),

  change_window: period(20 * minute, 'How long a change can be the cause of stranded kubelets.'),
  change_tolerance: duration(1 * minute, 'How much later than its victims left Ready a change may be dated.'),
  long_not_ready: period(1 * hour, 'Nodes not ready since so long before a change are none of its victims.'),
  stranded_not_ready_ratio: ratio(0.05, 'Share of nodes not ready that, with a change, means stranded kubelets.'),
  stranded_stale_ratio: ratio(0.1, 'Share of nodes with stale heartbeats that means the same.'),
  stranded_nodes: count(2, 'Stranded nodes that page; fewer are a warning.'),
  stranded_for: duration(0, 'How long before it pages.'),
  stranded_few_for: duration(1 * minute, 'How long before fewer nodes warn.'),

  mass_nodes: count(2, 'Fewer nodes, or agents, than this are never many.'),
  not_ready_warning_ratio: ratio(0.1, 'Share of nodes not ready, whatever the cause: above it, warning.'),
  not_ready_warning_for: duration(2 * minute, 'For how long.'),
  not_ready_critical_ratio: ratio(0.3, 'Share of nodes not ready, whatever the cause: from it on, critical.'),
  not_ready_critical_for: duration(30_000, 'For how long.'),
  flapped_ratio: ratio(0.2, 'Share of nodes that left Ready within flapped_window.'),
  flapped_window: period(5 * minute, 'How far back nodes that left Ready count.'),
  stale_ratio: ratio(0.1, 'Share of nodes with stale heartbeats.'),
  stale_for: duration(15_000, 'For how long.'),

  stalled_critical_ratio: ratio(0.1, 'Share of agents that see stalled connections to a retired address.'),
  stalled_critical_for: duration(10_000, 'For how long.'),
  stalled_warning_for: duration(1 * minute, 'For how long any agent may see them.'),
  retired_connections_for: duration(5 * minute, 'How long a connection may stay open to a retired address.'),

  churn_removals: count(6, 'Removals within churn_window: above it, warning.'),
  churn_window: period(1 * hour, 'How far back removals count.'),
  changed_window: period(10 * minute, 'How long a change is told as such.'),
  disagree_for: duration(5 * minute, 'How long resolvers may differ.'),
  disagree_ttls: count(2, 'TTLs after a change within which resolvers may differ.'),
  failing_ratio: ratio(0.5, 'Share of DNS queries that fail: above it, warning.'),
  failing_for: duration(5 * minute, 'For how long.'),
  failing_window: period(2 * minute, 'Over how long the share is taken: 4 scrapes at least.'),
  api_unreachable_for: duration(1 * minute, 'How long the nodes collector may fail.'),

  exporter_down_for: duration(2 * minute, 'How long a target may be down.'),
  exporter_known_for: period(1 * hour, 'How long a target that went down is known to be one of the exporter.'),
  collector_failing_for: duration(5 * minute, 'How long a collector may fail.'),
  collector_failing_ratio: ratio(0.5, 'Share of processes: a collector that fails on more, or on all, is told.'),
  reload_failed_for: duration(1 * minute, 'How long a failed reload may stand.'),
} as const satisfies Record<string, Setting<unknown>>

export type RulesConfig = {
  readonly [Key in keyof typeof settings]: (typeof settings)[Key] extends Setting<infer Value> ? Value : never
}

export class SettingError extends Error {}

export const defaultConfig: RulesConfig = parseSettings([])

/** `assignments`: `key=value` each; the last one of a key holds. Throws a `SettingError` with a line for every fault. */
export function parseSettings(assignments: readonly string[]): RulesConfig {
  const values = Object.fromEntries(Object.entries(settings).map(([key, { standard }]) => [key, standard as unknown]))
  const faults: string[] = []
  for (const assignment of assignments) {
    const [key, value] = splitOnce(assignment)
    const setting: Setting<unknown> | undefined = isKey(key) ? settings[key] : undefined
    if (value === undefined) faults.push(`--set ${assignment}: is not of the form key=value`)
    else if (setting === undefined) faults.push(`--set ${assignment}: unknown key; known are ${known()}`)
    else {
      const parsed = setting.parse(value)
      if ('fault' in parsed) faults.push(`--set ${assignment}: ${parsed.fault}`)
      else values[key] = parsed.value
    }
  }
  const { labels: set, exporter_labels: used } = values as RulesConfig
  const taken = used.filter((name) => Object.hasOwn(set, name))
  faults.push(...taken.map((name) => `--set labels=${name}=${set[name]}: ${labelTaken(name).fault}`))
  if (faults.length > 0) throw new SettingError(faults.join('\n'))
  return values as RulesConfig
}

/** One line for each setting, with its default. */
export function describeSettings(): string {
  return Object.entries<Setting<unknown>>(settings)
    .map(([key, { shown, help }]) => `  ${`${key}=${shown}`.padEnd(40)} ${help}`)
    .join('\n')
}

function isKey(key: string): key is keyof typeof settings {
  return Object.hasOwn(settings, key)
}

function known(): string {
  return Object.keys(settings).join(', ')
}

function splitOnce(assignment: string): [string, string | undefined] {
  const at = assignment.indexOf('=')
  return at < 0 ? [assignment, undefined] : [assignment.slice(0, at), assignment.slice(at + 1)]
}
