/** Changes themselves, and answers of DNS that are not as they should be. */
import type { RulesConfig } from './config.ts'
import { durationInWords } from './durations.ts'
import {
  age,
  aggregate,
  apply,
  calculate,
  combine,
  greatestOver,
  growth,
  join,
  leastOver,
  max,
  noneOf,
  or,
  over,
  select,
  selectRecorded,
  type TargetLabel,
  where,
} from './promql.ts'
import type { Recordings } from './recordings.ts'
import type { Alert } from './rule.ts'
import { clusterFirst, clusterName, list, ofAlert, percent, time, valueNumber, valuePercent } from './text.ts'

export function changeAlerts(config: RulesConfig, recorded: Recordings): Alert[] {
  return [
    churnHigh(config),
    addressChanged(config, recorded),
    answerChanged(config),
    answersDisagree(config, recorded),
    queriesFailing(config),
  ]
}

const loadBalancerHere = { cluster: ofAlert('cluster'), load_balancer: ofAlert('load_balancer') }

function churnHigh(config: RulesConfig): Alert {
  const { selector, churn_window: windowMs, churn_removals: bound } = config
  const removals = select('elbchurn_elb_address_changes_total', { change: 'removed' }, selector)
  const window = durationInWords(windowMs)
  return {
    alert: 'ELBAddressChurnHigh',
    severity: 'warning',
    expression: where(max(['cluster', 'load_balancer'], growth(removals, windowMs)), '>', bound),
    forMs: 0,
    summary: `${clusterFirst}{{ $labels.load_balancer }} lost ${valueNumber} addresses within ${window}`,
    description: `${valueNumber} addresses of load balancer {{ $labels.load_balancer }} of ${clusterName} left DNS within ${window}, more than ${bound}.\nEach one that goes can strand the kubelets that are connected to it. A Network Load Balancer keeps its addresses.`,
    board: 'elb-churn-incident',
  }
}

function addressChanged(config: RulesConfig, recorded: Recordings): Alert {
  const { selector, changed_window: windowMs, names_shown: limit } = config
  const last = select('elbchurn_elb_address_last_change_timestamp_seconds', {}, selector)
  const left = selectRecorded(recorded.addressLeft, loadBalancerHere)
  const active = max(
    ['cluster', 'address'],
    select('elbchurn_elb_address_info', { ...loadBalancerHere, state: 'active' }, selector),
  )
  const changed = '{{ $labels.load_balancer }}: addresses {{ $labels.change }}'
  return {
    alert: 'ELBAddressChanged',
    severity: 'info',
    expression: where(age(max(['cluster', 'load_balancer', 'change'], last)), '<', windowMs / 1_000),
    forMs: 0,
    summary: `${clusterFirst}${changed} within ${durationInWords(windowMs)}`,
    description: [
      `Load balancer {{ $labels.load_balancer }} of ${clusterName}: last address {{ $labels.change }} {{ $value | humanizeDuration }} ago.`,
      list({ vector: active, label: 'address', limit, before: '\nIn DNS now: ', after: '.' }),
      list({ vector: left, label: 'address', limit, at: true, before: '\nLeft (UTC): ', after: '.' }),
    ].join(''),
    board: 'elb-churn-incident',
  }
}

function answerChanged(config: RulesConfig): Alert {
  const { selector, changed_window: windowMs } = config
  const last = select('elbchurn_dns_answer_last_change_timestamp_seconds', {}, selector)
  const here = { cluster: ofAlert('cluster'), hostname: ofAlert('hostname'), type: ofAlert('type') }
  const answers = max(['cluster', 'answer'], select('elbchurn_dns_answer_info', here, selector))
  const now = { vector: answers, label: 'answer', limit: config.names_shown } as const
  const at = max(['cluster'], select('elbchurn_dns_answer_last_change_timestamp_seconds', here, selector))
  return {
    alert: 'DNSAnswerChanged',
    severity: 'info',
    expression: where(age(max(['cluster', 'hostname', 'type'], last)), '<', windowMs / 1_000),
    forMs: 0,
    summary: `${clusterFirst}{{ $labels.type }} answer of {{ $labels.hostname }} changed within ${durationInWords(windowMs)}`,
    description: `The {{ $labels.type }} answer of {{ $labels.hostname }} changed${time(at, ' at ')}.${list({ ...now, before: '\nIt is now ', after: '.' })}`,
    board: 'elb-churn-incident',
    from: at,
  }
}

/** How far back it is looked for since when resolvers differ; half of it is sure to be within. */
const differLookBack = 3_600_000

function answersDisagree(config: RulesConfig, recorded: Recordings): Alert {
  const { selector, since_step: step, disagree_for: forMs, disagree_ttls: ttls } = config
  const target = ['cluster', 'hostname', 'type'] as const
  const agree = selectRecorded(recorded.resolversAgree)
  const agreed = greatestOver(apply('timestamp', where(agree, '==', 1)), differLookBack, step)
  const since = or(calculate(agreed, '+', step / 1_000), leastOver(apply('timestamp', agree), differLookBack, step))
  const lastChange = max(target, select('elbchurn_dns_answer_last_change_timestamp_seconds', {}, selector))
  const ttl = max(target, select('elbchurn_dns_answer_ttl_seconds', {}, selector))
  // A change may take as long as the answers are cached to reach every resolver. What `for` waits is a part of that.
  const left = calculate(calculate(ttl, '*', ttls), '-', forMs / 1_000)
  const half = differLookBack / 2_000
  const young = or(
    combine(age(since), '<', target, where(left, '<', half)),
    combine(age(lastChange), '<', target, where(left, '>=', half)),
  )
  return {
    alert: 'DNSAnswersDisagree',
    severity: 'warning',
    expression: join(where(agree, '==', 0), 'unless', target, young),
    forMs,
    summary: `${clusterFirst}resolvers disagree on {{ $labels.type }} {{ $labels.hostname }}`,
    description: `Resolvers have given different {{ $labels.type }} answers for {{ $labels.hostname }} for ${durationInWords(forMs)}, and for over ${ttls} × their TTL.\nClients of one of them dial addresses that the others no longer know.`,
    board: 'elb-churn-incident',
  }
}

function queriesFailing(config: RulesConfig): Alert {
  const { selector, failing_ratio: ratio, failing_for: forMs, failing_window: windowMs } = config
  const target = ['cluster', 'hostname', 'type', 'resolver'] as const
  const process = [...target, ...(config.exporter_labels as readonly TargetLabel[])] as const
  const good = noneOf('NOERROR', 'NXDOMAIN')
  const failures = over('rate', select('elbchurn_dns_queries_total', { result: good }, selector), windowMs)
  const all = over('rate', select('elbchurn_dns_queries_total', {}, selector), windowMs)
  const asked = where(aggregate('sum', process, all), '>', 0)
  const share = combine(aggregate('sum', process, failures), '/', process, asked)
  return {
    alert: 'DNSQueriesFailing',
    severity: 'warning',
    expression: where(max(target, share), '>', ratio),
    forMs,
    summary: `${clusterFirst}${valuePercent} of {{ $labels.type }} queries for {{ $labels.hostname }} fail at {{ $labels.resolver }}`,
    description: `${valuePercent} of the {{ $labels.type }} queries for {{ $labels.hostname }} at resolver {{ $labels.resolver }} have failed, more than ${percent(ratio)} for ${durationInWords(forMs)}.\nChanges of this name are not seen while they fail. elbchurn_dns_queries_total tells by its label result how they fail.`,
    board: 'elb-churn-incident',
  }
}
