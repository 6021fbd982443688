/** What the exporter says of itself. */
import {
  age,
  aggregate,
  calculate,
  type Matcher,
  max,
  or,
  type Selector,
  select,
  type TargetLabel,
  type Vector,
  whether,
} from '../../alerts/promql.ts'
import { serviceMetrics } from '../../exporter/service/metrics.ts'
import { buckets, type exporters, overWindow, quantile, selectOther } from '../promql.ts'

type ExporterScope = typeof exporters
const collector = ['cluster', 'collector'] as const
type Collector = (typeof collector)[number]

/** Metrics of the runtime: https://github.com/siimon/prom-client#default-metrics */
export type RuntimeMetric =
  | 'process_resident_memory_bytes'
  | 'process_cpu_seconds_total'
  | 'nodejs_heap_size_used_bytes'
  | 'nodejs_external_memory_bytes'
  | 'nodejs_eventloop_lag_p99_seconds'

function runtime(metric: RuntimeMetric, { processes }: ExporterScope): Selector<TargetLabel> {
  return selectOther(metric, ['job', 'instance'], undefined, processes)
}

export function processesRunning({ processes }: ExporterScope): Vector<never> {
  return aggregate('count', [], select('elbchurn_build_info', {}, processes))
}

/** 0 where one of them refused its config. */
export function reloadSuccessful({ processes }: ExporterScope): Vector<never> {
  return aggregate('min', [], select('elbchurn_config_last_reload_successful', {}, processes))
}

/** 0 where one of them could not save its state; nothing where none has a place for it. */
export function stateSaved({ processes }: ExporterScope): Vector<never> {
  return aggregate('min', [], select('elbchurn_state_last_save_successful', {}, processes))
}

export function collectorUp({ matchers }: ExporterScope): Vector<Collector | 'instance'> {
  return max([...collector, 'instance'], select('elbchurn_collector_up', {}, matchers))
}

export function collectorsDown({ matchers }: ExporterScope): Vector<never> {
  const up = select('elbchurn_collector_up', {}, matchers)
  return aggregate('sum', [], whether(up, '==', 0))
}

/** Seconds since each last worked. */
export function collectorAge({ matchers }: ExporterScope): Vector<Collector | 'instance'> {
  return age(max([...collector, 'instance'], select('elbchurn_collector_last_success_timestamp_seconds', {}, matchers)))
}

export function collectorDuration({ matchers }: ExporterScope, share: number): Vector<'collector'> {
  const all = buckets('elbchurn_collector_duration_seconds', serviceMetrics, matchers)
  return quantile(share, aggregate('sum', ['le', 'collector'], overWindow('rate', all, '$__rate_interval')))
}

/** Failures per second. */
export function collectorErrors({ matchers }: ExporterScope): Vector<'collector' | 'reason'> {
  const errors = overWindow('rate', select('elbchurn_collector_errors_total', {}, matchers), '$__rate_interval')
  return aggregate('sum', ['collector', 'reason'], errors)
}

/** Requests per second as AWS bills and limits them: of all exporters together. */
export function awsRequests({ matchers }: ExporterScope): Vector<'service' | 'operation'> {
  const requests = overWindow('rate', select('elbchurn_aws_requests_total', {}, matchers), '$__rate_interval')
  return aggregate('sum', ['service', 'operation'], requests)
}

export function awsFailures({ matchers }: ExporterScope): Vector<'operation' | 'code'> {
  const failed = select('elbchurn_aws_requests_total', { code: { operator: '!=', value: 'OK' } }, matchers)
  return aggregate('sum', ['operation', 'code'], overWindow('rate', failed, '$__rate_interval'))
}

/** 0 only where load balancers are watched, so that nothing means that nobody asks. */
export function awsFailuresInAll({ matchers }: ExporterScope): Vector<never> {
  const requests = (code?: Matcher) => {
    const selected = select('elbchurn_aws_requests_total', code === undefined ? undefined : { code }, matchers)
    return aggregate('sum', [], overWindow('rate', selected, '$__rate_interval'))
  }
  return or(requests({ operator: '!=', value: 'OK' }), calculate(requests(), '*', 0))
}

/** 0 only where collectors run. */
export function collectorErrorsInAll({ matchers }: ExporterScope): Vector<never> {
  const errors = overWindow('rate', select('elbchurn_collector_errors_total', {}, matchers), '$__rate_interval')
  const collectors = aggregate('count', [], select('elbchurn_collector_up', {}, matchers))
  return or(aggregate('sum', [], errors), calculate(collectors, '*', 0))
}

/** 0 only where resolvers are asked. */
export function repliesDroppedInAll({ matchers }: ExporterScope): Vector<never> {
  const dropped = overWindow('rate', select('elbchurn_dns_replies_dropped_total', {}, matchers), '$__rate_interval')
  const queries = overWindow('rate', select('elbchurn_dns_queries_total', {}, matchers), '$__rate_interval')
  return or(aggregate('sum', [], dropped), calculate(aggregate('sum', [], queries), '*', 0))
}

export function repliesDropped({ matchers }: ExporterScope): Vector<'resolver' | 'reason'> {
  const dropped = overWindow('rate', select('elbchurn_dns_replies_dropped_total', {}, matchers), '$__rate_interval')
  return aggregate('sum', ['resolver', 'reason'], dropped)
}

/** Bytes. */
export function residentMemory(scope: ExporterScope): Vector<'instance'> {
  return max(['instance'], runtime('process_resident_memory_bytes', scope))
}

export function heapUsed(scope: ExporterScope): Vector<'instance'> {
  return max(['instance'], runtime('nodejs_heap_size_used_bytes', scope))
}

/** Cores. */
export function cpu(scope: ExporterScope): Vector<'instance'> {
  return max(['instance'], overWindow('rate', runtime('process_cpu_seconds_total', scope), '$__rate_interval'))
}

/** Seconds. */
export function eventLoopLag(scope: ExporterScope): Vector<'instance'> {
  return max(['instance'], runtime('nodejs_eventloop_lag_p99_seconds', scope))
}
