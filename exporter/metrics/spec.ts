/**
 * What a metric is, as data. A signal's `metrics.ts` holds a table of these; the registry, the reference
 * `exporter/METRICS.md`, the alert rules and the dashboards all read the tables, so that a name is written once.
 */

export interface MetricSpec {
  readonly type: 'gauge' | 'counter' | 'histogram'
  readonly help: string
  /** Label names in the order in which they are rendered. */
  readonly labels: readonly string[]
  /** Histograms only: upper bounds in the base unit. */
  readonly buckets?: readonly number[]
  /** Gauges only: true where the value tells of the past (a time stamp) and so outlives a source that fails. */
  readonly keptWhenStale?: boolean
  /** true where labels that the config names are added (`nodes` by `group_by`). */
  readonly openLabels?: boolean
  /** Largest number of series and what bounds it, in words. For METRICS.md. */
  readonly cardinality: string
}

export type MetricTable = Readonly<Record<`elbchurn_${string}`, MetricSpec>>

/** Label values of one series, without the labels that its scope adds (`cluster`). */
export type Labels = Readonly<Record<string, string>>

export interface Sample<Name extends string = string> {
  readonly metric: Name
  readonly labels: Labels
  readonly value: number
}
