/**
 * What Grafana does between a board and Prometheus: fills in variables and windows, picks the step, asks. After
 * `interpolateQueryExpr` and `calculateRateInterval` of its Prometheus data source, by their documented behaviour:
 * https://grafana.com/docs/grafana/latest/datasources/prometheus/template-variables/
 */

/** The parts of a board's JSON that lead to a query. */
export interface Board {
  readonly uid: string
  readonly title: string
  readonly panels: readonly Panel[]
  readonly templating: { readonly list: readonly Variable[] }
  readonly annotations: { readonly list: readonly Annotation[] }
  readonly links: readonly Link[]
}

export interface Panel {
  readonly id: number
  readonly type: string
  readonly title: string
  readonly description: string
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number }
  readonly datasource?: { readonly uid: string }
  readonly targets?: readonly Target[]
  /** Least step. */
  readonly interval?: string
  readonly options: { readonly content?: string; readonly textMode?: string }
  readonly transformations?: readonly { readonly id: string; readonly options: Record<string, unknown> }[]
  readonly fieldConfig?: {
    readonly defaults: FieldDefaults
    readonly overrides: readonly {
      readonly matcher: { readonly options: string }
      readonly properties: readonly { readonly id: string; readonly value: unknown }[]
    }[]
  }
}

export interface FieldDefaults {
  readonly unit?: string
  readonly noValue?: string
  readonly max?: number
  readonly custom?: { readonly axisWidth?: number; readonly stacking?: { readonly mode: string } }
  readonly mappings?: readonly { readonly options: Record<string, { readonly text: string; readonly color: string }> }[]
  readonly thresholds?: { readonly steps: readonly { readonly value: number | null; readonly color: string }[] }
}

export interface Target {
  readonly refId: string
  readonly expr: string
  readonly instant?: boolean
  readonly range?: boolean
  readonly legendFormat?: string
  readonly datasource?: { readonly uid: string }
}

export interface Variable {
  readonly name: string
  readonly label: string
  readonly type: string
  readonly query: string
  readonly refresh?: number
  readonly multi: boolean
  readonly includeAll: boolean
  readonly allValue?: string
  readonly datasource?: { readonly uid: string }
}

export interface Annotation {
  readonly name: string
  readonly builtIn: number
  readonly placement?: string
  readonly datasource: { readonly uid: string }
  readonly target?: Target
  readonly titleFormat?: string
  readonly useValueForTime?: boolean
  readonly iconColor: string
}

export interface Link {
  readonly title: string
  readonly url: string
  readonly keepTime: boolean
  readonly includeVars: boolean
  readonly placement?: string
}

/** What the person in front of it has chosen. */
export interface View {
  readonly fromMs: number
  readonly toMs: number
  /** `$__all`, or values, by variable; default: all where there is an All, else the empty value. */
  readonly variables?: Readonly<Record<string, string | readonly string[]>>
  /** The scrape interval that the data source is configured with. */
  readonly scrapeMs: number
}

export interface Series {
  readonly labels: Readonly<Record<string, string>>
  readonly points: readonly { readonly atMs: number; readonly value: number }[]
}

/** A full-width panel on a screen of 1920 pixels. */
const pixels = 1_600
/** Prometheus refuses more. */
const mostPoints = 11_000
const annotationStepMs = 60_000

export class Grafana {
  readonly #prometheus: string
  readonly board: Board
  readonly view: View

  /** `prometheus`: URL of the data source. */
  constructor(prometheus: string, board: Board, view: View) {
    this.#prometheus = prometheus
    this.board = board
    this.view = view
  }

  /** The series of one query of a panel. Throws with Prometheus's words where it refuses the query. */
  async ask(panel: Panel, target: Target): Promise<Series[]> {
    const { fromMs, toMs } = this.view
    const stepMs = this.#stepMs(panel)
    const query = this.interpolate(target.expr, stepMs)
    if (target.instant === true) return await this.#get('query', { query, time: toMs / 1_000 })
    return await this.#get('query_range', { query, start: fromMs / 1_000, end: toMs / 1_000, step: stepMs / 1_000 })
  }

  async askAnnotation({ target }: Annotation): Promise<Series[]> {
    if (target === undefined) return []
    const { fromMs, toMs } = this.view
    const stepMs = Math.max(Math.min(annotationStepMs, this.#stepMs()), (toMs - fromMs) / mostPoints)
    const query = this.interpolate(target.expr, stepMs)
    return await this.#get('query_range', { query, start: fromMs / 1_000, end: toMs / 1_000, step: stepMs / 1_000 })
  }

  /** The values among which a variable lets people choose. */
  async values({ query }: Variable): Promise<string[]> {
    const [, selector = '', label = ''] = /^label_values\((.+), (\w+)\)$/.exec(this.interpolate(query, 60_000)) ?? []
    if (label === '') throw new Error(`${query} is no query of label values`)
    const range = { start: this.view.fromMs / 1_000, end: this.view.toMs / 1_000 }
    const answer = await this.#fetch(`label/${label}/values`, { 'match[]': selector, ...range })
    return answer as string[]
  }

  /** A query with everything filled in. Throws where a variable is left over. */
  interpolate(expression: string, stepMs: number): string {
    const { scrapeMs, fromMs, toMs } = this.view
    const builtIn: Readonly<Record<string, string>> = {
      __rate_interval: `${Math.max(stepMs + scrapeMs, 4 * scrapeMs)}ms`,
      __interval: `${stepMs}ms`,
      __range: `${Math.round((toMs - fromMs) / 1_000)}s`,
      __from: String(fromMs),
      __to: String(toMs),
    }
    return expression.replaceAll(/\$\{?([a-zA-Z_]\w*)\}?/g, (_, name: string) => builtIn[name] ?? this.#valueOf(name))
  }

  #valueOf(name: string): string {
    const variable = this.board.templating.list.find((each) => each.name === name)
    if (variable === undefined) throw new Error(`$${name} is no variable of ${this.board.title}`)
    const chosen = this.view.variables?.[name] ?? (variable.includeAll ? '$__all' : '')
    if (chosen === '$__all') return variable.allValue ?? ''
    const values = typeof chosen === 'string' ? [chosen] : chosen
    if (!variable.multi && !variable.includeAll) return values.join('').replaceAll(/[\\"]/g, '\\$&')
    const escaped = values.map((value) => value.replaceAll(/[\\^$*+?.()|[\]{}]/g, '\\\\$&'))
    return escaped.length === 1 ? escaped.join('') : `(${escaped.join('|')})`
  }

  #stepMs(panel?: Panel): number {
    const { fromMs, toMs, scrapeMs } = this.view
    const [, digits = '0', unit = 's'] = /^(\d+)([sm])$/.exec(panel?.interval ?? '') ?? []
    const least = Number(digits) * (unit === 'm' ? 60_000 : 1_000)
    const exact = Math.max((toMs - fromMs) / pixels, scrapeMs, least)
    return Math.ceil(exact / 1_000) * 1_000
  }

  async #get(path: 'query' | 'query_range', parameters: Readonly<Record<string, string | number>>): Promise<Series[]> {
    const { result } = (await this.#fetch(path, parameters)) as { result: readonly Answered[] }
    return result.map(({ metric, value, values }) => ({
      labels: metric,
      points: (values ?? (value === undefined ? [] : [value])).map(([at, text]) => ({
        atMs: at * 1_000,
        value: Number(text),
      })),
    }))
  }

  async #fetch(path: string, parameters: Readonly<Record<string, string | number>>): Promise<unknown> {
    const pairs = Object.entries(parameters).map(([key, value]): [string, string] => [key, String(value)])
    const url = `${this.#prometheus}/api/v1/${path}?${new URLSearchParams(pairs)}`
    const response = await fetch(url, { signal: AbortSignal.timeout(30_000) })
    const { data, error } = JSON.parse(await response.text()) as { data?: unknown; error?: string }
    if (data === undefined) throw new Error(`Prometheus refused ${JSON.stringify(parameters)}: ${error}`)
    return data
  }
}

interface Answered {
  readonly metric: Record<string, string>
  readonly value?: [number, string]
  readonly values?: [number, string][]
}

/** The name of a series by the legend of its query. */
export function nameOf(target: Target, { labels }: Series): string {
  return (target.legendFormat ?? '').replaceAll(/{{\s*(\w+)\s*}}/g, (_, label: string) => labels[label] ?? '')
}
