/** The alerts that link stranded kubelets to the change behind them. */
import type { RulesConfig } from './config.ts'
import { largestSum, nodeQuestions } from './nodes.ts'
import {
  age,
  aggregate,
  bounded,
  type Comparison,
  calculate,
  combine,
  join,
  max,
  or,
  select,
  selectRecorded,
  type Vector,
  where,
} from './promql.ts'
import type { Recordings } from './recordings.ts'
import type { Alert, Severity } from './rule.ts'
import { clusterFirst, countedNodes, list, number, ofAlert, plural, time } from './text.ts'

export function causeAlerts(config: RulesConfig, recorded: Recordings): Alert[] {
  return [
    strandedByElb(config, recorded, 'critical', '>='),
    strandedByElb(config, recorded, 'warning', '<'),
    strandedByDns(config, recorded),
  ]
}

function strandedByElb(config: RulesConfig, recorded: Recordings, severity: Severity, than: Comparison): Alert {
  const removed = max(['cluster', 'load_balancer'], selectRecorded(recorded.lastChange, { change: 'removed' }))
  const firstRemoval = aggregate('min', ['cluster'], selectRecorded(recorded.firstChange, { change: 'removed' }))
  const cluster = ofAlert('cluster')
  const here = { cluster, load_balancer: ofAlert('load_balancer') }
  const removal = aggregate('min', ['cluster'], selectRecorded(recorded.firstChange, { ...here, change: 'removed' }))
  const addresses = selectRecorded(recorded.addressLeft, here)
  const shown = { vector: addresses, label: 'address', limit: config.names_shown } as const
  return {
    alert: 'KubeletsStrandedByELBChange',
    severity,
    expression: harmful(config, recorded, removed, firstRemoval, than),
    ...timing(config, severity),
    summary: `${clusterFirst}${list({ ...shown, before: '{{ $labels.load_balancer }} lost ', otherwise: '{{ $labels.load_balancer }} lost an address' })}, ${strandedCount(recorded)} stranded`,
    description: [
      list({ ...shown, at: true, before: `Left load balancer {{ $labels.load_balancer }} (UTC): `, after: '.\n' }),
      strandedNodes(config, recorded, removal),
      advice(recorded),
    ].join(''),
    board: 'elb-churn-incident',
    from: removal,
  }
}

function strandedByDns(config: RulesConfig, recorded: Recordings): Alert {
  const change = max(['cluster', 'hostname'], selectRecorded(recorded.dnsLastChange))
  const changeHere = aggregate('min', ['cluster'], selectRecorded(recorded.dnsFirstChange, hostnameHere))
  const lastHere = max(['cluster'], selectRecorded(recorded.dnsLastChange, hostnameHere))
  const elbChanged = recent(config, selectRecorded(recorded.lastChange))
  const firstChange = aggregate('min', ['cluster'], selectRecorded(recorded.dnsFirstChange))
  const harmed = harmful(config, recorded, change, firstChange, '>=')
  return {
    alert: 'KubeletsStrandedByDNSChange',
    severity: 'critical',
    expression: join(harmed, 'unless', ['cluster'], elbChanged),
    ...timing(config, 'critical'),
    summary: `${clusterFirst}DNS answer of {{ $labels.hostname }} changed, ${strandedCount(recorded)} stranded`,
    description: [
      `The answer for {{ $labels.hostname }} changed`,
      time(changeHere, ' at '),
      time(combine(lastHere, '>', ['cluster'], changeHere), ', last at '),
      list({
        vector: max(['cluster', 'answer'], select('elbchurn_dns_answer_info', hostnameHere, config.selector)),
        label: 'answer',
        limit: config.names_shown,
        before: '; it is now ',
      }),
      '. No load balancer of the cluster changed.\n',
      strandedNodes(config, recorded, changeHere),
      advice(recorded),
    ].join(''),
    board: 'elb-churn-incident',
    from: changeHere,
  }
}

const hostnameHere = { cluster: ofAlert('cluster'), hostname: ofAlert('hostname') }

function recent<L extends string>(config: RulesConfig, change: Vector<L>): Vector<L> {
  return where(age(change), '<', config.change_window / 1_000)
}

/** Recent changes in clusters that have stranded nodes, and not only some that no change of the window has stranded. */
function harmful<L extends string>(
  config: RulesConfig,
  recorded: Recordings,
  change: Vector<L | 'cluster'>,
  firstChange: Vector<'cluster'>,
  than: Comparison,
): Vector<L | 'cluster'> {
  const harmed = join(recent(config, change), 'and', ['cluster'], stranded(config, recorded, than))
  if (config.nodes_source !== 'exporter') return harmed
  return join(harmed, 'unless', ['cluster'], longNotReady(config, recorded, firstChange))
}

/**
 * Clusters where all nodes that are not ready are so since long before the change. A page too many is better than one too
 * few: a node not ready that is not listed, or a heartbeat that those nodes do not explain, and the cluster is none of these.
 */
function longNotReady(config: RulesConfig, recorded: Recordings, change: Vector<'cluster'>): Vector<'cluster'> {
  const { selector } = config
  const cluster = ['cluster'] as const
  const node = ['cluster', 'node'] as const
  const since = max(node, select('elbchurn_node_not_ready_since_timestamp_seconds', {}, selector))
  const lastHeartbeat = select('elbchurn_node_last_heartbeat_timestamp_seconds', {}, selector)
  const longBefore = calculate(change, '-', config.long_not_ready / 1_000)
  const unlisted = combine(selectRecorded(recorded.notReady), '>', cluster, aggregate('count', cluster, since))
  const stale = where(selectRecorded(recorded.nodesStale), '>', 0)
  const unknown = largestSum(config, select('elbchurn_nodes', { ready: 'unknown' }, selector))
  const doubts = [
    unlisted,
    where(select('elbchurn_nodes_omitted', {}, selector), '>', 0),
    join(stale, 'unless', cluster, combine(stale, '<=', cluster, unknown)),
    combine(max(cluster, lastHeartbeat), '>=', cluster, longBefore),
  ] as const
  const all = combine(max(cluster, since), '<', cluster, longBefore)
  return doubts.reduce<Vector<'cluster'>>((sure, doubt) => join(sure, 'unless', cluster, doubt), all)
}

/** Clusters with stranded nodes, few or many, where they are a share of the nodes that matters. */
function stranded(config: RulesConfig, recorded: Recordings, than: Comparison): Vector<'cluster'> {
  const harm = or(
    where(selectRecorded(recorded.notReadyRatio), '>=', config.stranded_not_ready_ratio),
    where(selectRecorded(recorded.staleRatio), '>=', config.stranded_stale_ratio),
  )
  const nodes = where(selectRecorded(recorded.stranded), than, config.stranded_nodes)
  // Without `> 0` a threshold of 0% would call every change an outage.
  const some = than === '<' ? where(nodes, '>', 0) : nodes
  return join(some, 'and', ['cluster'], harm)
}

function timing(config: RulesConfig, severity: Severity): Pick<Alert, 'forMs' | 'keepFiringForMs'> {
  return severity === 'critical'
    ? { forMs: config.stranded_for, keepFiringForMs: config.keep_firing_for }
    : { forMs: config.stranded_few_for }
}

/** `5 of 10 nodes` */
function strandedCount(recorded: Recordings): string {
  const cluster = ofAlert('cluster')
  const total = countedNodes(selectRecorded(recorded.nodes, { cluster }), ' of ')
  return `${number(selectRecorded(recorded.stranded, { cluster }))}${total}`
}

/**
 * Nodes that were not ready before the change are not its victims, unless that leaves nobody: clocks may differ by more than
 * is tolerated, and a change that nobody saw is dated when somebody looks again.
 */
function strandedNodes(config: RulesConfig, recorded: Recordings, change: Vector<'cluster'>): string {
  const cluster = ofAlert('cluster')
  const all = nodeQuestions(config).notReadySince({ cluster })
  // Heartbeats are late before the node controller says so; a node that it has named is not named again.
  const lastHeartbeat = max(
    ['cluster', 'node'],
    select('elbchurn_node_last_heartbeat_timestamp_seconds', { cluster }, config.selector),
  )
  const earliest = calculate(change, '-', config.change_tolerance / 1_000)
  const newest = max(['cluster'], or(all, lastHeartbeat))
  // Every one is above a Unix time below 0.
  const bound = or(combine(earliest, '<=', ['cluster'], newest), calculate(change, '*', -1))
  const since = bounded(all, '>=', ['cluster'], bound)
  const names = { vector: since, label: 'node', limit: config.names_shown } as const
  const lateOnly = join(lastHeartbeat, 'unless', ['cluster', 'node'], since)
  return [
    `Stranded: ${strandedCount(recorded)}`,
    time(aggregate('min', ['cluster'], bounded(all, '>=', ['cluster'], earliest)), ', the first not ready since '),
    number(selectRecorded(recorded.nodesStale, { cluster }), ', ', ' with stale heartbeats'),
    '.\n',
    list({ ...names, before: 'Not ready: ', after: '.\n' }),
    list({ ...names, vector: lateOnly, before: 'Heartbeat late: ', after: '.\n' }),
  ].join('')
}

function advice(recorded: Recordings): string {
  const stranded = selectRecorded(recorded.stranded, { cluster: ofAlert('cluster') })
  const who = plural(stranded, 'Its kubelet holds', 'Their kubelets hold')
  const whom = plural(stranded, 'that kubelet', 'those kubelets')
  return `${who} connections to an address that no longer answers, which the kernel gives up after about 15 minutes. Restart ${whom}; the runbook tells how, and how to end it for good.`
}
