/** Addresses of load balancers and answers of DNS, and their changes. */
import {
  age,
  aggregate,
  calculate,
  combine,
  join,
  type Matcher,
  max,
  noneOf,
  oneOf,
  or,
  select,
  type Vector,
  where,
} from '../../alerts/promql.ts'
import { dnsMetrics } from '../../exporter/signals/dns/metrics.ts'
import {
  buckets,
  copyLabel,
  increase,
  inRange,
  overWindow,
  quantile,
  type Scope,
  times,
  type Window,
} from '../promql.ts'

export const addressStates = { pending: 1, active: 2, retired: 3, dead: 4 } as const
const gone = oneOf('retired', 'dead')

/** The number of its state for each address in sight; two exporters that differ show the later state. */
export function addressTimeline({ matchers }: Scope): Vector<'load_balancer' | 'address'> {
  const inState = (state: keyof typeof addressStates) =>
    calculate(select('elbchurn_elb_address_info', { state }, matchers), '*', addressStates[state])
  const all = or(or(or(inState('pending'), inState('active')), inState('retired')), inState('dead'))
  return max(['load_balancer', 'address'], all)
}

/** The last state of each address that left within the range of the board and is not back. */
export function addressesLeft({ matchers }: Scope): Vector<'load_balancer' | 'address'> {
  const each = ['load_balancer', 'address'] as const
  const wasIn = (state: 'retired' | 'dead') => {
    const seen = overWindow('max_over_time', select('elbchurn_elb_address_info', { state }, matchers), '$__range')
    return calculate(seen, '*', addressStates[state])
  }
  const active = select('elbchurn_elb_address_info', { state: 'active' }, matchers)
  return join(max(each, or(wasIn('retired'), wasIn('dead'))), 'unless', each, active)
}

/** When each load balancer last lost an address, in milliseconds, where that was within the range of the board. */
export function lastRemoval({ matchers }: Scope): Vector<'load_balancer'> {
  const last = select('elbchurn_elb_address_last_change_timestamp_seconds', { change: 'removed' }, matchers)
  return inRange(calculate(max(['load_balancer'], last), '*', 1_000))
}

export function elbChangeTimes({ matchers }: Scope): Vector<'load_balancer' | 'change'> {
  const last = select('elbchurn_elb_address_last_change_timestamp_seconds', {}, matchers)
  return calculate(max(['load_balancer', 'change'], last), '*', 1_000)
}

export function dnsChangeTimes({ matchers }: Scope): Vector<'hostname' | 'type' | 'resolver'> {
  const last = select('elbchurn_dns_answer_last_change_timestamp_seconds', {}, matchers)
  return calculate(max(['hostname', 'type', 'resolver'], last), '*', 1_000)
}

/** Seconds. */
export function sinceElbChange({ matchers }: Scope): Vector<'cluster'> {
  return age(max(['cluster'], select('elbchurn_elb_address_last_change_timestamp_seconds', {}, matchers)))
}

/** Seconds. */
export function sinceDnsChange({ matchers }: Scope): Vector<'cluster'> {
  return age(max(['cluster'], select('elbchurn_dns_answer_last_change_timestamp_seconds', {}, matchers)))
}

/** Whole addresses: increase() extrapolates to the ends of its window. */
export function removals({ matchers }: Scope, window: Window): Vector<'cluster'> {
  const removed = select('elbchurn_elb_address_changes_total', { change: 'removed' }, matchers)
  const each = max(['cluster', 'load_balancer'], increase(removed, window))
  return times(aggregate('sum', ['cluster'], each))
}

export const target = ['hostname', 'type', 'resolver'] as const
type Target = (typeof target)[number]

/** 1 for each record of an answer, 2 where it is an address that left its load balancer. */
export function answerTimeline<B extends Target>(scope: Scope, by: readonly B[]): Vector<B | 'answer'> {
  const { matchers, cluster } = scope
  const answers = max(['cluster', ...target, 'answer'], select('elbchurn_dns_answer_info', {}, matchers))
  const left = copyLabel(select('elbchurn_elb_address_info', { state: gone, cluster }), 'address', 'answer')
  const stale = join(calculate(answers, '*', 2), 'and', ['cluster', 'answer'], left)
  return max<Target | 'cluster' | 'answer', B | 'answer'>([...by, 'answer'], or(stale, answers))
}

/** 0 where one of the exporters sees them differ: another may ask fewer resolvers. */
export function resolversAgree({ matchers }: Scope): Vector<'hostname' | 'type'> {
  return aggregate('min', ['hostname', 'type'], select('elbchurn_dns_resolvers_agree', {}, matchers))
}

export function answerCount({ matchers }: Scope): Vector<Target> {
  return max(target, select('elbchurn_dns_answers', {}, matchers))
}

export function answerChanges({ matchers }: Scope, window: Window): Vector<Target> {
  const changes = select('elbchurn_dns_answer_changes_total', {}, matchers)
  return times(max(target, increase(changes, window)))
}

/** Seconds. */
export function answerTtl({ matchers }: Scope): Vector<Target> {
  return max(target, select('elbchurn_dns_answer_ttl_seconds', {}, matchers))
}

/** Seconds, over all exporters that ask the resolver. */
export function queryDuration({ matchers }: Scope, share: number): Vector<'resolver'> {
  const all = buckets('elbchurn_dns_query_duration_seconds', dnsMetrics, matchers)
  const rates = aggregate('sum', ['le', 'resolver'], overWindow('rate', all, '$__rate_interval'))
  return quantile(share, rates)
}

/** Queries per second of one exporter. */
export function queryResults({ matchers }: Scope): Vector<'resolver' | 'result'> {
  const queries = overWindow('rate', select('elbchurn_dns_queries_total', {}, matchers), '$__rate_interval')
  const perProcess = aggregate('sum', ['resolver', 'result', 'job', 'instance'], queries)
  return max(['resolver', 'result'], perProcess)
}

/** 0 to 1, as DNSQueriesFailing takes it; the worst exporter counts. */
export function failingShare({ matchers }: Scope): Vector<Target> {
  const process = [...target, 'job', 'instance'] as const
  const perProcess = (result?: Matcher) => {
    const queries = select('elbchurn_dns_queries_total', result === undefined ? undefined : { result }, matchers)
    return aggregate('sum', process, overWindow('rate', queries, '$__rate_interval'))
  }
  const all = where(perProcess(), '>', 0)
  // Without a failure ever there is no series of failures: then the share is 0.
  const failed = or(perProcess(noneOf('NOERROR', 'NXDOMAIN')), calculate(perProcess(), '*', 0))
  return max(target, combine(failed, '/', process, all))
}
