/**
 * PromQL as functions over the metric tables. A vector carries its labels in its type, so that a metric or label that is
 * renamed, or a join on a label that one side lacks, does not compile.
 */
import { serviceMetrics } from '../exporter/service/metrics.ts'
import { connectionsMetrics } from '../exporter/signals/connections/metrics.ts'
import { dnsMetrics } from '../exporter/signals/dns/metrics.ts'
import { elbMetrics } from '../exporter/signals/elb/metrics.ts'
import { heartbeatsMetrics } from '../exporter/signals/heartbeats/metrics.ts'
import { nodesMetrics } from '../exporter/signals/nodes/metrics.ts'
import { reachabilityMetrics } from '../exporter/signals/reachability/metrics.ts'
import { formatDuration } from './durations.ts'
import { kubeStateMetrics } from './kube-state-metrics.ts'

const tables = {
  ...elbMetrics,
  ...dnsMetrics,
  ...nodesMetrics,
  ...heartbeatsMetrics,
  ...connectionsMetrics,
  ...reachabilityMetrics,
  ...serviceMetrics,
  ...kubeStateMetrics,
  /** Prometheus's own, of each target. */
  up: { labels: [] },
  /** What it wrote of each alert at the last evaluation, with the labels of the alert. */
  ALERTS: { labels: ['alertname', 'alertstate'] },
} as const

export type MetricName = keyof typeof tables
/** Labels that Prometheus puts on every series of a target. */
export type TargetLabel = 'job' | 'instance'
export type LabelOf<M extends MetricName> = (typeof tables)[M]['labels'][number] | TargetLabel

export interface Vector<L extends string> {
  readonly text: string
  readonly labels: readonly L[]
  /** true where an operator around it needs no parentheses */
  readonly atom: boolean
  /** The outermost operator, where a chain of it needs no parentheses on its left. */
  readonly chain?: 'or' | 'and'
}

/** A metric with its matchers: what a range can be taken of. */
export interface Selector<L extends string> extends Vector<L> {
  readonly selector: true
}

export type Matcher = string | { readonly operator: '=' | '!=' | '=~' | '!~'; readonly value: string } | Placeholder

/** Filled in when an annotation is rendered: the n-th argument of the template's printf. */
export interface Placeholder {
  readonly argument: number
}

export type Matchers<L extends string> = Readonly<Partial<Record<L, Matcher>>>

/** `extra`: matchers put on every metric, as PromQL writes them. */
export function select<M extends MetricName>(
  metric: M,
  matchers?: Matchers<LabelOf<M>>,
  extra = '',
): Selector<LabelOf<M>> {
  const labels: readonly string[] = tables[metric].labels
  return selector(metric, [...labels, 'job', 'instance'] as LabelOf<M>[], matchers, extra)
}

/** What a recording rule has made. */
export function selectRecorded<L extends string>(
  recording: { readonly record: string; readonly labels: readonly L[] },
  matchers?: Matchers<L>,
): Selector<L> {
  return selector(recording.record, recording.labels, matchers, '')
}

function selector<L extends string>(
  name: string,
  labels: readonly L[],
  matchers: Matchers<L> | undefined,
  extra: string,
): Selector<L> {
  const written = Object.entries<Matcher | undefined>(matchers ?? {}).flatMap(([label, matcher]) =>
    matcher === undefined ? [] : [writeMatcher(label, matcher)],
  )
  const all = [...written, ...(extra === '' ? [] : [extra])].join(', ')
  return { text: all === '' ? name : `${name}{${all}}`, labels, atom: true, selector: true }
}

function writeMatcher(label: string, matcher: Matcher): string {
  if (typeof matcher === 'string') return `${label}=${JSON.stringify(matcher)}`
  if ('argument' in matcher) return `${label}=%[${matcher.argument}]q`
  return `${label}${matcher.operator}${JSON.stringify(matcher.value)}`
}

/** Matches any of these values; each is taken literally, as regular expressions go. */
export function oneOf(...values: readonly string[]): Matcher {
  return { operator: '=~', value: values.map(literally).join('|') }
}

export function noneOf(...values: readonly string[]): Matcher {
  return { operator: '!~', value: values.map(literally).join('|') }
}

function literally(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')
}

export type Aggregation = 'max' | 'min' | 'sum' | 'count'

/** `max by (cluster) (of)` */
export function aggregate<L extends string, B extends L>(
  operation: Aggregation,
  by: readonly B[],
  of: Vector<L>,
): Vector<B> {
  return { text: `${operation} by (${by.join(', ')}) ${block(of.text)}`, labels: by, atom: true }
}

export function max<L extends string, B extends L>(by: readonly B[], of: Vector<L>): Vector<B> {
  return aggregate('max', by, of)
}

/** Functions of one vector that keep its labels. */
export function apply<L extends string>(name: 'timestamp', of: Vector<L>): Vector<L> {
  return { text: `${name}${block(of.text)}`, labels: of.labels, atom: true }
}

export type RangeFunction = 'rate' | 'resets' | 'max_over_time' | 'last_over_time'

/** `increase(of[5m])`. Range vectors are taken of a plain metric alone. */
export function over<L extends string>(name: RangeFunction, of: Selector<L>, windowMs: number): Vector<L> {
  return { text: `${name}(${of.text}[${formatDuration(windowMs)}])`, labels: of.labels, atom: true }
}

/**
 * What a counter has grown by within the window, in whole numbers. increase() alone extrapolates to the ends of its window
 * and tells 41 of 39; it serves where a restart has set the counter to 0.
 */
export function growth<L extends string>(of: Selector<L>, windowMs: number): Vector<L> {
  const range = `${of.text}[${formatDuration(windowMs)}]`
  const exact = `(max_over_time(${range}) - min_over_time(${range}))\nunless\n(resets(${range}) > 0)`
  return {
    text: `round(\n  (\n${exact.replaceAll(/^/gm, '    ')}\n  )\n  or\n  increase(${range})\n)`,
    labels: of.labels,
    atom: true,
  }
}

/** `min_over_time(of[20m:15s])`: the least value that the expression had, looked at once each step. */
export function leastOver<L extends string>(of: Vector<L>, windowMs: number, stepMs: number): Vector<L> {
  const range = `[${formatDuration(windowMs)}:${formatDuration(stepMs)}]`
  return { text: `min_over_time(${operand(of)}${range})`, labels: of.labels, atom: true }
}

/** The greatest value, likewise. */
export function greatestOver<L extends string>(of: Vector<L>, windowMs: number, stepMs: number): Vector<L> {
  const range = `[${formatDuration(windowMs)}:${formatDuration(stepMs)}]`
  return { text: `max_over_time(${operand(of)}${range})`, labels: of.labels, atom: true }
}

/** The series as they were `ms` ago. */
export function ago<L extends string>(of: Selector<L>, ms: number): Vector<L> {
  return { text: `${of.text} offset ${formatDuration(ms)}`, labels: of.labels, atom: true }
}

/** Seconds since the time stamps. */
export function age<L extends string>(of: Vector<L>): Vector<L> {
  return { text: `time() - ${operand(of)}`, labels: of.labels, atom: false }
}

export type Comparison = '>' | '>=' | '<' | '<=' | '=='

/** Keeps the series that compare so with a number. */
export function where<L extends string>(of: Vector<L>, comparison: Comparison, bound: number): Vector<L> {
  return { text: `${operand(of)} ${comparison} ${bound}`, labels: of.labels, atom: false }
}

/** 1 for each series that compares so with a number, else 0. */
export function whether<L extends string>(of: Vector<L>, comparison: Comparison, bound: number): Vector<L> {
  return { text: `${operand(of)} ${comparison} bool ${bound}`, labels: of.labels, atom: false }
}

/** Arithmetic with a number. */
export function calculate<L extends string>(of: Vector<L>, operator: '*' | '-' | '+', number: number): Vector<L> {
  return { text: `${operand(of)} ${operator} ${number}`, labels: of.labels, atom: false }
}

/** Keeps the Unix times that are not so many seconds ago; `where` of an `age` would tell their age. */
export function younger<L extends string>(of: Vector<L>, seconds: number): Vector<L> {
  return { text: `${operand(of)} > time() - ${seconds}`, labels: of.labels, atom: false }
}

/** `left / on (cluster) right`, or a comparison that keeps the values of `left`. */
export function combine<L extends string, R extends string, O extends L & R>(
  left: Vector<L>,
  operator: '/' | '-' | Comparison,
  on: readonly O[],
  right: Vector<R>,
): Vector<O> {
  return { text: `${operand(left)} ${operator} on (${on.join(', ')}) ${operand(right)}`, labels: on, atom: false }
}

/** Values of the one `left`, for each of the many series of `right` whose value compares so. */
export function spread<L extends string, R extends string, O extends L & R>(
  left: Vector<L>,
  comparison: Comparison,
  on: readonly O[],
  right: Vector<R>,
): Vector<R> {
  const text = `${operand(left)} ${comparison} on (${on.join(', ')}) group_right () ${operand(right)}`
  return { text, labels: right.labels, atom: false }
}

/** The many series of `left` whose value compares so with the one of `right`. */
export function bounded<L extends string, R extends string, O extends L & R>(
  left: Vector<L>,
  comparison: Comparison,
  on: readonly O[],
  right: Vector<R>,
): Vector<L> {
  const text = `${operand(left)} ${comparison} on (${on.join(', ')}) group_left () ${operand(right)}`
  return { text, labels: left.labels, atom: false }
}

/** The series of `left` that have, or have not, a partner in `right`. `on ()`: any series at all is a partner. */
export function join<L extends string, R extends string, O extends L & R>(
  left: Vector<L>,
  operator: 'and' | 'unless',
  on: readonly O[],
  right: Vector<R>,
): Vector<L> {
  const text = `${leftOperand(left, 'and')}\n${operator} on (${on.join(', ')})\n${operand(right)}`
  return { text, labels: left.labels, atom: false, chain: 'and' }
}

/** The series of `left`, and those of `right` whose labels are not on the left. Only the labels of both are sure. */
export function or<L extends string, R extends string>(left: Vector<L>, right: Vector<R>): Vector<L & R> {
  const both: readonly string[] = right.labels
  const labels = left.labels.filter((label): label is L & R => both.includes(label))
  return { text: `${leftOperand(left, 'or')}\nor\n${operand(right)}`, labels, atom: false, chain: 'or' }
}

/** One series, with the labels that the matchers fix, where there is none. */
export function absent<L extends string>(of: Selector<L>): Vector<never> {
  return { text: `absent(${of.text})`, labels: [], atom: true }
}

/** Puts one label of a fixed value on every series. */
export function withLabel<L extends string, N extends string>(of: Vector<L>, name: N, value: string): Vector<L | N> {
  const text = `label_replace(${inCall(of.text)}, ${JSON.stringify(name)}, ${JSON.stringify(value)}, "", "")`
  return { text, labels: [...of.labels, name], atom: true }
}

/** The time of the evaluation, as a vector of one series without labels. */
export const now: Vector<never> = { text: 'vector(time())', labels: [], atom: true }

/** `and` and `unless` bind alike, and all set operators from left to right. */
function leftOperand(left: Vector<string>, chain: 'or' | 'and'): string {
  return left.chain === chain ? left.text : operand(left)
}

function operand({ text, atom }: Vector<string>): string {
  return atom ? text : block(text)
}

function block(text: string): string {
  return `(${inCall(text)})`
}

function inCall(text: string): string {
  return text.includes('\n') ? `\n${text.replaceAll(/^/gm, '  ')}\n` : text
}
