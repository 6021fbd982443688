import { headerText, headText, labelText } from './exposition.ts'
import { CounterSeries, GaugeSeries, HistogramSeries, type SeriesOwner } from './series.ts'
import type { Labels, MetricSpec } from './spec.ts'

export type Series = GaugeSeries | CounterSeries | HistogramSeries

/** A metric of the tables with its series. Its text is rendered anew only after something in it changed. */
export class Family implements SeriesOwner {
  readonly name: string
  readonly spec: MetricSpec
  readonly #header: string
  #labelNames: readonly string[]
  /** By their heads, in the order of their arrival. */
  readonly #series = new Map<string, Series>()
  #text: string | undefined

  constructor(name: string, spec: MetricSpec) {
    this.name = name
    this.spec = spec
    this.#labelNames = spec.labels
    this.#header = headerText(name, spec.help, spec.type)
  }

  /** Takes more labels. Series without them stay as they are. */
  widen(extra: readonly string[]): void {
    this.#labelNames = [...new Set([...this.#labelNames, ...extra])]
  }

  /** The series with these labels, made where there is none, now held once more. Labels in `own` go before those in `base`. */
  hold(base: Labels, own: Labels): Series {
    const labels = this.#labelTexts(base, own)
    const head = headText(this.name, labels)
    let series = this.#series.get(head)
    if (series === undefined) {
      series = this.#make(head, labels)
      this.#series.set(head, series)
      this.changed()
    }
    series.holders++
    return series
  }

  /** One holder less. */
  release(series: Series): void {
    series.holders--
    if (series.holders > 0) return
    this.#series.delete(series.head)
    this.changed()
  }

  changed(): void {
    this.#text = undefined
  }

  /** How many series the next rendering has to go through. */
  get toRender(): number {
    return this.#text === undefined ? this.#series.size : 0
  }

  /** Help, type and series; no line feed at the end. */
  render(): string {
    if (this.#text !== undefined) return this.#text
    const lines = [this.#header]
    for (const series of this.#series.values()) series.render(lines)
    this.#text = lines.join('\n')
    return this.#text
  }

  #make(head: string, labels: readonly string[]): Series {
    if (this.spec.type === 'gauge') return new GaugeSeries(this, head)
    if (this.spec.type === 'counter') return new CounterSeries(this, head)
    return new HistogramSeries(this, labels, this.spec.buckets ?? [])
  }

  #labelTexts(base: Labels, own: Labels): string[] {
    for (const labels of [base, own]) for (const name in labels) this.#checkLabel(name)
    const texts: string[] = []
    for (const name of this.#labelNames) {
      const value = own[name] ?? base[name]
      if (value !== undefined) texts.push(labelText(name, value))
    }
    return texts
  }

  #checkLabel(name: string): void {
    if (!this.#labelNames.includes(name)) throw new Error(`metric ${this.name} has no label ${name}`)
  }
}
