/** What Grafana adds to PromQL, and what only panels ask: windows and bounds that it fills in, quantiles, shares. */
import { defaultConfig, type RulesConfig } from '../alerts/config.ts'
import {
  type Matcher,
  type Matchers,
  type MetricName,
  type RangeFunction,
  type Selector,
  selectRecorded,
  type TargetLabel,
  type Vector,
} from '../alerts/promql.ts'
import type { MetricSpec } from '../exporter/metrics/spec.ts'

/**
 * Windows that Grafana fills in. `$__rate_interval` is at least four scrapes, so that a rate always has samples;
 * `$__range` is all that the board shows. Source:
 * https://grafana.com/docs/grafana/latest/dashboards/variables/add-template-variables/#global-variables
 */
export type Window = '$__rate_interval' | '$__range'

/** Which series a board is about: the matchers that its variables fill in. */
export interface Scope {
  /** For metrics of a cluster. */
  readonly matchers: string
  readonly cluster: Matcher
  /** The config of the alerts with these matchers on every metric, so that boards and alerts share functions. */
  readonly config: RulesConfig
}

function scope(cluster: Matcher, matchers: string): Scope {
  return { cluster, matchers, config: { ...defaultConfig, selector: matchers } }
}

/**
 * Of the clusters that are chosen: one, several, or all. A matcher for several serves one too, and links between boards
 * can carry any choice. An empty choice stands for series without the label.
 */
const chosen = { operator: '=~', value: '$cluster' } as const
const ofCluster = 'cluster=~"$cluster"'
export const clusters = scope(chosen, ofCluster)

const hostname = 'hostname=~"$hostname"'
const resolver = 'resolver=~"$resolver"'
/** What some resolvers answer for some hostnames; and for metrics that lack one of the two labels. */
export const answers = scope(chosen, `${ofCluster}, ${hostname}, ${resolver}`)
export const hostnames = scope(chosen, `${ofCluster}, ${hostname}`)
export const resolvers = scope(chosen, `${ofCluster}, ${resolver}`)

const processes = 'job=~"$job", instance=~"$instance"'
/** Of some exporters. */
export const exporters = { ...scope(chosen, `${processes}, ${ofCluster}`), processes }

/** `increase(of[$__range])` */
export function overWindow<L extends string>(name: RangeFunction, of: Selector<L>, window: Window): Vector<L> {
  return { text: `${name}(${of.text}[${window}])`, labels: of.labels, atom: true }
}

/** Series that are in no table of metrics: those of Prometheus itself and of the runtime. */
export function selectOther<L extends string>(
  name: string,
  labels: readonly L[],
  matchers?: Matchers<L>,
  extra = '',
): Selector<L> {
  const plain = selectRecorded({ record: name, labels }, matchers)
  if (extra === '') return plain
  const text = plain.text.endsWith('}') ? `${plain.text.slice(0, -1)}, ${extra}}` : `${name}{${extra}}`
  return { ...plain, text }
}

/** What a counter has grown by within the window; extrapolated to its ends, as increase() does. */
export function increase<L extends string>(of: Selector<L>, window: Window): Vector<L> {
  return { text: `increase(${of.text}[${window}])`, labels: of.labels, atom: true }
}

/** The same in whole numbers. */
export function times<L extends string>(of: Vector<L>): Vector<L> {
  return { text: `round(${of.text})`, labels: of.labels, atom: true }
}

/** The buckets of a histogram. */
export function buckets<L extends string>(
  metric: MetricName,
  table: Readonly<Record<string, Pick<MetricSpec, 'type'> & { readonly labels: readonly L[] }>>,
  matchers: string,
): Selector<L | 'le' | TargetLabel> {
  const spec = table[metric]
  if (spec?.type !== 'histogram') throw new Error(`${metric} is no histogram`)
  return selectOther(`${metric}_bucket`, [...spec.labels, 'le', 'job', 'instance'], undefined, matchers)
}

/** Of rates of buckets, summed by `le` and what else they keep. */
export function quantile<L extends string>(share: number, of: Vector<L | 'le'>): Vector<L> {
  const labels = of.labels.filter((label): label is L => label !== 'le')
  return { text: `histogram_quantile(${share}, ${of.text})`, labels, atom: true }
}

/** The many series of `part` divided by the one of `whole`. */
export function shareOf<L extends string, R extends string, O extends L & R>(
  part: Vector<L>,
  on: readonly O[],
  whole: Vector<R>,
): Vector<L> {
  const text = `${inBraces(part)} / on (${on.join(', ')}) group_left () ${inBraces(whole)}`
  return { text, labels: part.labels, atom: false }
}

/** Milliseconds since 1970, those from the begin of what the board shows on. */
export function inRange<L extends string>(of: Vector<L>): Vector<L> {
  return { text: `${inBraces(of)} >= $__from`, labels: of.labels, atom: false }
}

/** The value of one label under the name of another. */
export function copyLabel<L extends string, N extends string>(of: Vector<L>, from: L, to: N): Vector<L | N> {
  const text = `label_replace(${of.text}, "${to}", "$1", "${from}", "(.*)")`
  return { text, labels: [...of.labels, to], atom: true }
}

/** The largest, with every label but these and those that scraping puts on: for labels that the config names. */
export function maxWithout<L extends string>(of: Vector<L>, without: readonly string[]): Vector<L> {
  return { text: `max without (${without.join(', ')}) (${of.text})`, labels: of.labels, atom: true }
}

function inBraces({ text, atom }: Vector<string>): string {
  return atom ? text : `(${text})`
}
