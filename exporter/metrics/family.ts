import type { Counter, Gauge, Histogram } from 'prom-client'
import type { MetricSpec } from './spec.ts'

/** A metric of the tables with its prom-client object, which is made anew when labels are added. */
export interface Family {
  readonly name: string
  readonly spec: MetricSpec
  metric: Gauge | Counter | Histogram
  labels: readonly string[]
}
