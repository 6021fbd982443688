/**
 * Pieces of annotation templates. Source of the functions that they call:
 * https://prometheus.io/docs/prometheus/latest/configuration/template_reference/
 */
import { aggregate, calculate, type Placeholder, type Vector, where } from './promql.ts'

/** Labels of the alert that a query in its text may use, by the place they have among the template's arguments. */
const questionLabels = ['cluster', 'load_balancer', 'hostname', 'type', 'collector'] as const
type QuestionLabel = (typeof questionLabels)[number]

/** A matcher for the value that this label has on the alert. An alert without it asks for series without it. */
export function ofAlert(label: QuestionLabel): Placeholder {
  return { argument: questionLabels.indexOf(label) + 1 }
}

/** `prod: ` in front of a text; nothing where the alert has no cluster. */
export const clusterFirst = '{{ with $labels.cluster }}{{ . }}: {{ end }}'

export const clusterName = '{{ with $labels.cluster }}cluster {{ . }}{{ else }}the cluster{{ end }}'

/** The template's call of `query`: PromQL on one line, with the labels of the alert put in. */
export function question(vector: Vector<string>): string {
  const line = vector.text
    .replaceAll(/\(\n\s*/g, '(')
    .replaceAll(/\n\s*\)/g, ')')
    .replaceAll(/\s*\n\s*/g, ' ')
  const used = questionLabels.findLastIndex((_, index) => line.includes(`%[${index + 1}]q`)) + 1
  if (used === 0) return `query \`${line}\``
  const values = questionLabels.slice(0, used).map((label) => `$labels.${label}`)
  const format = line.replaceAll(/%(?!\[\d\]q)/g, '%%')
  return `query (printf \`${format}\` ${values.join(' ')})`
}

/** `then` with the series of the vector in place of `.`, or `otherwise` where there are none. */
function withSeries(vector: Vector<string>, then: string, otherwise = ''): string {
  const rest = otherwise === '' ? '' : `{{ else }}${otherwise}`
  return `{{ with ${question(vector)} }}${then}${rest}{{ end }}`
}

/** The value of the vector's one series as a whole number. */
export function number(vector: Vector<string>, before = '', after = '', otherwise = ''): string {
  return withSeries(vector, `${before}{{ . | first | value | printf "%.0f" }}${after}`, otherwise)
}

/** One word or the other, by the value of the vector's one series. */
export function plural(vector: Vector<string>, one: string, many: string): string {
  return withSeries(vector, byFirst(one, many), many)
}

/** The same where the series are at hand, as behind a `number`. */
export function byFirst(one: string, many: string): string {
  return `{{ if eq (. | first | value) 1.0 }}${one}{{ else }}${many}{{ end }}`
}

/** `10 nodes`, or only `nodes` where their number is not known. */
export function countedNodes(vector: Vector<string>, before = ''): string {
  return number(vector, before, ` ${byFirst('node', 'nodes')}`, ' nodes')
}

/** The value of the vector's one series, a Unix time, as `12:03:41 UTC`. */
export function time(vector: Vector<string>, before = '', after = ''): string {
  return withSeries(vector, `${before}{{ (. | first | value | toTime).Format "15:04:05" }} UTC${after}`)
}

export interface Listed<L extends string> {
  readonly vector: Vector<L>
  readonly label: L & string
  /** How many are named, the first by name: topk would name others each time where values are equal. */
  readonly limit: number
  /** Say of each its value, a Unix time. */
  readonly at?: boolean
  readonly before?: string
  readonly after?: string
  /** Instead of a list of nothing. */
  readonly otherwise?: string
}

/** `a, b, c and 7 more` */
export function list<L extends string>(listed: Listed<L | 'cluster'>): string {
  const { vector, label, limit, before = '', after = '', otherwise = '' } = listed
  const at = listed.at === true ? ' at {{ ($each.Value | toTime).Format "15:04:05" }}' : ''
  const each = `{{ if lt $index ${limit} }}{{ if $index }}, {{ end }}{{ $each.Labels.${label} }}${at}{{ end }}`
  const total = aggregate('count', ['cluster'], vector)
  const more = number(calculate(where(total, '>', limit), '-', limit), ' and ', ' more')
  const names = `{{ range $index, $each := . | sortByLabel "${label}" }}${each}{{ end }}`
  return withSeries(vector, `${before}${names}${more}${after}`, otherwise)
}

/** `5%` of 0.05, as the texts write a setting. */
export function percent(ratio: number): string {
  return `${Number((ratio * 100).toFixed(2))}%`
}

/** One word or the other, by the value of the alert. */
export function byValue(one: string, many: string): string {
  return `{{ if eq $value 1.0 }}${one}{{ else }}${many}{{ end }}`
}

/** The value of the alert as a share. */
export const valuePercent = '{{ $value | humanizePercentage }}'

/** The value of the alert as a whole number. */
export const valueNumber = '{{ $value | printf "%.0f" }}'
