/** Kinds of settings: how each is read from `key=value`, and what is wrong with one that cannot be. */
import { parseDuration } from '../exporter/core/duration.ts'
import { formatDuration } from './durations.ts'

export type Parsed<Value> = { readonly value: Value } | { readonly fault: string }

export interface Setting<Value> {
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
    parse(text) {
      const parsed = setting.parse(text)
      return 'value' in parsed && parsed.value === 0 ? { fault: 'must be longer than 0s' } : parsed
    },
  }
}

/** Milliseconds. */
export function duration(standard: number, help: string): Setting<number> {
  return {
    standard,
    shown: formatDuration(standard),
    help,
    parse(text) {
      const value = parseDuration(text)
      return value === undefined ? { fault: 'is not a duration such as 30s, 5m or 1h30m' } : { value }
    },
  }
}

/** Names of labels in Prometheus, but for those that rules set themselves. */
export const alertLabelName = /^(?!alertname$|severity$|__)[a-zA-Z_]\w*$/
/** Names of labels in Kubernetes, with or without a prefix. */
export const objectLabelName = /^(?:[a-z0-9.-]+\/)?[A-Za-z0-9](?:[\w.-]*[A-Za-z0-9])?$/

/** A share, 0 to 1; `5%` is taken too. */
export function ratio(standard: number, help: string): Setting<number> {
  return {
    standard,
    shown: String(standard),
    help,
    parse(text) {
      const [, digits, percent] = /^(\d+(?:\.\d+)?)(%?)$/.exec(text) ?? []
      const value = Number(digits ?? Number.NaN) / (percent === '%' ? 100 : 1)
      return value >= 0 && value <= 1 ? { value } : { fault: 'is not a share such as 0.05 or 5%' }
    },
  }
}

export function count(standard: number, help: string): Setting<number> {
  return {
    standard,
    shown: String(standard),
    help,
    parse(text) {
      return /^[1-9]\d{0,5}$/.test(text) ? { value: Number(text) } : { fault: 'is not a whole number from 1 on' }
    },
  }
}

export function text(standard: string, help: string): Setting<string> {
  return { standard, shown: standard, help, parse: (value) => ({ value }) }
}

export function wordSetting(standard: string, help: string): Setting<string> {
  return {
    standard,
    shown: standard,
    help,
    parse: (value) => (/^[\w-]+$/.test(value) ? { value } : { fault: 'is not one word' }),
  }
}

export function url(standard: string, help: string): Setting<string> {
  return {
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
    standard,
    shown: standard,
    help: `${help} One of ${values.join(', ')}.`,
    parse(text) {
      const value = values.find((each) => each === text)
      return value === undefined ? { fault: `is not one of ${values.join(', ')}` } : { value }
    },
  }
}

const matcher = /^[a-zA-Z_]\w*\s*(?:=|!=|=~|!~)\s*"(?:[^"\\\n`]|\\[^`])*"$/

/** Label matchers as PromQL writes them inside of braces. */
export function matchers(standard: string, help: string): Setting<string> {
  return {
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

/** `name=value,name=value`. `name`: what a name may look like. */
export function labels(
  standard: Readonly<Record<string, string>>,
  help: string,
  name: RegExp,
): Setting<Readonly<Record<string, string>>> {
  return {
    standard,
    shown: Object.entries(standard)
      .map((pair) => pair.join('='))
      .join(','),
    help,
    parse(text) {
      const pairs = (text === '' ? [] : text.split(',')).map((pair) => /^\s*([^=\s]+)=([^=]*)$/.exec(pair))
      const entries = pairs.flatMap((pair) => (pair !== null && name.test(pair[1] ?? '') ? [[pair[1], pair[2]]] : []))
      return entries.length === pairs.length
        ? { value: Object.fromEntries(entries) as Record<string, string> }
        : { fault: 'is not a list of labels such as team=platform,tier=1' }
    },
  }
}
