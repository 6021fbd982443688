/** Counts the requests to AWS. */
import type { Attempt } from '../../sources/aws/types.ts'
import type { Scope, ScopeFactory } from '../signal.ts'
import type { ElbMetric } from './metrics.ts'

export const requestsScope = 'aws requests'
/** Series of aws_requests_total; an error code beyond them is counted as `other`. */
export const requestSeriesLimit = 100

/** The series by their scope, which outlives the collector: a reload makes another collector on the same series. */
const seriesOf = new WeakMap<Scope<ElbMetric>, Set<string>>()

export function countRequest(metrics: ScopeFactory, { service, operation, code }: Attempt): void {
  const scope = metrics.scope<ElbMetric>(requestsScope, Number.POSITIVE_INFINITY)
  const series = seriesOf.get(scope) ?? new Set()
  seriesOf.set(scope, series)
  const key = `${service} ${operation} ${code}`
  const known = series.has(key) || series.size < requestSeriesLimit
  if (known) series.add(key)
  scope.increment('elbchurn_aws_requests_total', { service, operation, code: known ? code : 'other' })
}
