/**
 * Kinds of settings: how each is read from `key=value`, and what is wrong with one that cannot be. Its schema says the same
 * of a value in YAML; its patterns keep to what JavaScript and Go (RE2) both know.
 */
import { parseDuration } from '../exporter/core/duration.ts'
import { formatDuration } from './durations.ts'

export type Parsed<Value> = { readonly value: Value } | { readonly fault: string }

export type SettingKind =
  | 'duration'
  | 'ratio'
  | 'count'
  | 'text'
  | 'word'
  | 'url'
  | 'choice'
  | 'matchers'
  | 'label_names'
  | 'labels'

export interface Setting<Value> {
  readonly kind: SettingKind
  /** JSON Schema, draft 7, of a value in YAML. */
  readonly schema: object
  readonly standard: Value
  /** The default as it would be set. */
  readonly shown: string
  readonly help: string
  parse(text: string): Parsed<Value>
}

/** Milliseconds, not 0: a range or an interval. */
export function period(standard: number, help: string): Setting<number> {
  const setting = duration(standard, help)
  return {
    ...setting,
    schema: { allOf: [durationSchema, { pattern: '[1-9]' }] },
    parse(text) {
      const parsed = setting.parse(text)
      return 'value' in parsed && parsed.value === 0 ? { fault: 'must be longer than 0s' } : parsed
    },
  }
}

const durationSchema = {
  type: 'string',
  minLength: 2,
  pattern: '^([0-9]+y)?([0-9]+w)?([0-9]+d)?([0-9]+h)?([0-9]+m)?([0-9]+s)?([0-9]+ms)?$',
}

/** Milliseconds. */
export function duration(standard: number, help: string): Setting<number> {
  return {
    kind: 'duration',
    schema: durationSchema,
    standard,
    shown: formatDuration(standard),
    help,
    parse(text) {
      const value = parseDuration(text)
      return value === undefined ? { fault: 'is not a duration such as 30s, 5m or 1h30m' } : { value }
    },
  }
}

/** What names look like, and which of them are not to be had. */
export interface NameRule {
  readonly pattern: RegExp
  readonly never?: RegExp
}

/** Names of labels in Prometheus, but for those by which rules, routes and texts tell one alert from another. */
export const alertLabelName: NameRule = {
  pattern: /^[a-zA-Z_]\w*$/,
  never:
    /^(?:alertname|alertstate|severity|cluster|load_balancer|change|hostname|type|resolver|collector|job|instance)$|^__/,
}
/** Names of labels in Kubernetes, with or without a prefix. */
export const objectLabelName: NameRule = { pattern: /^(?:[a-z0-9.-]+\/)?[A-Za-z0-9](?:[\w.-]*[A-Za-z0-9])?$/ }

/** A share, 0 to 1; `5%` is taken too. */
export function ratio(standard: number, help: string): Setting<number> {
  const share = { type: 'string', pattern: '^(0|1|1[.]0+|0[.][0-9]+|[0-9]{1,2}([.][0-9]+)?%|100([.]0+)?%)$' }
  return {
    kind: 'ratio',
    schema: { anyOf: [{ type: 'number', minimum: 0, maximum: 1 }, share] },
    standard,
    shown: String(standard),
    help,
    parse(text) {
      const [, digits, percent] = /^(\d+(?:\.\d+)?)(%?)$/.exec(text) ?? []
      // An exponent, since a division by 100 makes 0.055999999999999994 of 5.6%.
      const value = Number(`${digits ?? 'none'}${percent === '%' ? 'e-2' : ''}`)
      return value >= 0 && value <= 1 ? { value } : { fault: 'is not a share such as 0.05 or 5%' }
    },
  }
}

export function count(standard: number, help: string): Setting<number> {
  return {
    kind: 'count',
    schema: { type: 'integer', minimum: 1, maximum: 999_999 },
    standard,
    shown: String(standard),
    help,
    parse(text) {
      return /^[1-9]\d{0,5}$/.test(text) ? { value: Number(text) } : { fault: 'is not a whole number from 1 on' }
    },
  }
}

export function text(standard: string, help: string): Setting<string> {
  return { kind: 'text', schema: { type: 'string' }, standard, shown: standard, help, parse: (value) => ({ value }) }
}

export function wordSetting(standard: string, help: string): Setting<string> {
  return {
    kind: 'word',
    schema: { type: 'string', pattern: '^[A-Za-z0-9_-]+$' },
    standard,
    shown: standard,
    help,
    parse: (value) => (/^[\w-]+$/.test(value) ? { value } : { fault: 'is not one word' }),
  }
}

export function url(standard: string, help: string): Setting<string> {
  return {
    kind: 'url',
    schema: { type: 'string', pattern: '^https?://[^/{}\\s][^{}\\s]*$' },
    standard,
    shown: standard,
    help,
    parse(value) {
      const parsed = URL.parse(value)
      const good = parsed !== null && /^https?:$/.test(parsed.protocol) && !/[{}\s]/.test(value)
      return good ? { value: value.replace(/\/+$/, '') } : { fault: 'is not a URL such as https://grafana.example.com' }
    },
  }
}

export function choice<Value extends string>(
  values: readonly Value[],
  standard: NoInfer<Value>,
  help: string,
): Setting<Value> {
  return {
    kind: 'choice',
    schema: { type: 'string', enum: values },
    standard,
    shown: standard,
    help: `${help} One of ${values.join(', ')}.`,
    parse(text) {
      const value = values.find((each) => each === text)
      return value === undefined ? { fault: `is not one of ${values.join(', ')}` } : { value }
    },
  }
}

const matcherPattern = '[a-zA-Z_]\\w*\\s*(?:=|!=|=~|!~)\\s*"(?:[^"\\\\\\n`]|\\\\[^`])*"'
const matcher = /^[a-zA-Z_]\w*\s*(?:=|!=|=~|!~)\s*"(?:[^"\\\n`]|\\[^`])*"$/

/** Label matchers as PromQL writes them inside of braces. */
export function matchers(standard: string, help: string): Setting<string> {
  return {
    kind: 'matchers',
    schema: { type: 'string', pattern: `^(${matcherPattern}(, *${matcherPattern})*)?$` },
    standard,
    shown: standard,
    help,
    parse(text) {
      const value = text.trim().replace(/^\{(.*)\}$/, '$1')
      const parts = value.match(/(?:[^",]|"(?:[^"\\]|\\.)*")+/g) ?? []
      const good = parts.every((part) => matcher.test(part.trim()))
      return good ? { value } : { fault: 'is not a list of label matchers such as env="prod", team=~"a|b"' }
    },
  }
}

export function labelNames(standard: readonly string[], help: string): Setting<readonly string[]> {
  return {
    kind: 'label_names',
    schema: { type: 'string', pattern: '^[a-zA-Z_]\\w*(, *[a-zA-Z_]\\w*)*$' },
    standard,
    shown: standard.join(','),
    help,
    parse(text) {
      const value = text.split(',').map((name) => name.trim())
      return value.every((name) => /^[a-zA-Z_]\w*$/.test(name))
        ? { value }
        : { fault: 'is not a list of label names such as job,instance' }
    },
  }
}

export function labelTaken(name: string): { readonly fault: string } {
  return { fault: `cannot set the label ${name}, by which the rules tell one alert from another` }
}

/** `name=value,name=value`. `name`: what a name may look like. */
export function labels(
  standard: Readonly<Record<string, string>>,
  help: string,
  { pattern, never }: NameRule,
): Setting<Readonly<Record<string, string>>> {
  return {
    kind: 'labels',
    schema: {
      type: 'object',
      propertyNames: { pattern: pattern.source, ...(never && { not: { pattern: never.source } }) },
      additionalProperties: { type: 'string', pattern: '^[^=,]*$' },
    },
    standard,
    shown: Object.entries(standard)
      .map((pair) => pair.join('='))
      .join(','),
    help,
    parse(text) {
      const pairs = (text === '' ? [] : text.split(',')).map((pair) => /^\s*([^=\s]+)=([^=]*)$/.exec(pair))
      const entries = pairs.flatMap((pair) => (pattern.test(pair?.[1] ?? '') ? [[pair?.[1], pair?.[2]]] : []))
      const taken = entries.find(([name = '']) => never?.test(name))
      if (taken !== undefined) return labelTaken(taken[0] ?? '')
      return entries.length === pairs.length
        ? { value: Object.fromEntries(entries) as Record<string, string> }
        : { fault: 'is not a list of labels such as team=platform,tier=1' }
    },
  }
}
