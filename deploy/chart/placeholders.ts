/**
 * The settings of the rules as placeholders. The rules are made once with values that stand for a setting and for nothing
 * else; each text that such a value leaves behind is then a placeholder `${key.form}` that Helm fills in. So the chart's
 * rules come out of the same functions as `elb-churn-exporter rules`, and neither can say what the other does not.
 */
import { defaultConfig, type RulesConfig, settings } from '../../alerts/config.ts'
import { durationInWords, formatDuration } from '../../alerts/durations.ts'
import { percent } from '../../alerts/text.ts'

type Key = keyof RulesConfig

/** What a text of the rules shows of a setting, and what to put in its place. */
interface Trace {
  readonly shown: string
  readonly placeholder: string
}

interface Sentinel {
  readonly value: unknown
  readonly traces: readonly Trace[]
}

const hourMs = 3_600_000
const minuteMs = 60_000

/** Values that decide which rules there are, and labels, which Helm adds by itself. */
const structural = ['nodes_source', 'labels', 'prometheusrule_labels'] as const satisfies readonly Key[]

/** Whose answers the rules ask for: the exporter's, or kube-state-metrics' with or without a label cluster of their own. */
export const variants = {
  exporter: { nodes_source: 'exporter' },
  'kube-state-metrics': { nodes_source: 'kube-state-metrics', kube_state_metrics_cluster: '' },
  'kube-state-metrics-named': { nodes_source: 'kube-state-metrics' },
} as const satisfies Record<string, Partial<RulesConfig>>

export type Variant = keyof typeof variants

/** A config that leaves traces, and what they are. */
export function placeholderConfig(variant: Variant): {
  readonly config: RulesConfig
  readonly traces: readonly Trace[]
} {
  const keys = (Object.keys(settings) as Key[]).filter((key) => !structural.some((other) => other === key))
  const sentinels = keys.map((key, index) => [key, sentinel(key, index)] as const)
  const values = Object.fromEntries(sentinels.map(([key, { value }]) => [key, value])) as Partial<RulesConfig>
  return {
    config: { ...defaultConfig, ...values, ...variants[variant] },
    // The longest first: a shorter one may be a part of it.
    traces: sentinels.flatMap(([, { traces }]) => traces).sort((a, b) => b.shown.length - a.shown.length),
  }
}

/** `text` as JSON with placeholders. Traces are of characters that JSON writes as they are, but for the quotes of matchers. */
export function fillIn(text: string, traces: readonly Trace[]): string {
  return traces.reduce((filled, { shown, placeholder }) => filled.replaceAll(shown, placeholder), text)
}

function sentinel(key: Key, index: number): Sentinel {
  const trace = (shown: string, form: string): Trace => ({ shown, placeholder: `\${${key}.${form}}` })
  switch (settings[key].kind) {
    case 'duration': {
      // All parts have two digits, so that none of these is a part of another.
      const ms = (11 * 24 + 10 + (index % 14)) * hourMs + (10 + (index % 50)) * minuteMs + (10 + (index % 50)) * 1_000
      const traces = [
        trace(formatDuration(ms), 'duration'),
        trace(durationInWords(ms), 'words'),
        trace(String(ms / 1_000), 'seconds'),
      ]
      return { value: ms, traces }
    }
    case 'ratio': {
      const ratio = (1_101 + index) / 10_000
      return { value: ratio, traces: [trace(String(ratio), 'number'), trace(percent(ratio), 'percent')] }
    }
    case 'count': {
      const count = 987_001 + index
      return { value: count, traces: [trace(String(count), 'number')] }
    }
    case 'matchers':
      return matchers(key, trace)
    case 'label_names':
      return { value: [`sentinel_${key}`], traces: [trace(`sentinel_${key}`, 'list')] }
    case 'url':
      return { value: `https://${key}.invalid`, traces: [trace(`https://${key}.invalid`, 'text')] }
    default:
      return { value: `sentinel-${key}`, traces: [trace(`sentinel-${key}`, 'text')] }
  }
}

/** They stand alone in braces or behind others, and in a printf of a template with every % doubled. */
function matchers(key: Key, trace: (shown: string, form: string) => Trace): Sentinel {
  const value = `sentinel_${key}="%"`
  const plain = JSON.stringify(value).slice(1, -1)
  const inPrintf = plain.replace('%', '%%')
  const traces = [
    trace(`{${plain}}`, 'alone'),
    trace(`, ${plain}`, 'more'),
    trace(`{${inPrintf}}`, 'alone_in_printf'),
    trace(`, ${inPrintf}`, 'more_in_printf'),
  ]
  return { value, traces }
}
