/** One series: its value, and the text before that kept ready, since a scrape renders the same labels again and again. */
import { headText, labelText, valueText } from './exposition.ts'

/** What the series of a family have in common. */
export interface SeriesOwner {
  readonly name: string
  /** A value changed, so the text of the last scrape is no longer true. */
  changed(): void
}

interface Held {
  /** Its name and labels as they stand in the text, which is what tells the series of a family apart. */
  readonly head: string
  /** Scopes that have it. It leaves with the last of them. */
  holders: number
  /** Appends its lines. */
  render(lines: string[]): void
}

class ValueSeries implements Held {
  readonly head: string
  holders = 0
  protected readonly owner: SeriesOwner
  protected value = 0

  constructor(owner: SeriesOwner, head: string) {
    this.owner = owner
    this.head = head
  }

  render(lines: string[]): void {
    lines.push(this.head + valueText(this.value))
  }
}

export class GaugeSeries extends ValueSeries {
  set(value: number): void {
    this.value = value
    this.owner.changed()
  }
}

export class CounterSeries extends ValueSeries {
  add(by: number): void {
    if (!(by >= 0 && by < Infinity)) throw new Error(`counter ${this.owner.name} cannot grow by ${by}`)
    this.value += by
    this.owner.changed()
  }
}

export class HistogramSeries implements Held {
  readonly head: string
  holders = 0
  readonly #owner: SeriesOwner
  readonly #bounds: readonly number[]
  /** Observations by the first bound that holds them, those above all bounds at the end. */
  readonly #counts: number[]
  readonly #bucketHeads: readonly string[]
  readonly #sumHead: string
  readonly #countHead: string
  #sum = 0

  constructor(owner: SeriesOwner, labels: readonly string[], bounds: readonly number[]) {
    this.#owner = owner
    this.head = headText(owner.name, labels)
    this.#bounds = bounds
    this.#counts = [...bounds.map(() => 0), 0]
    this.#bucketHeads = [...bounds.map(String), '+Inf'].map((bound) => {
      return headText(`${owner.name}_bucket`, [labelText('le', bound), ...labels])
    })
    this.#sumHead = headText(`${owner.name}_sum`, labels)
    this.#countHead = headText(`${owner.name}_count`, labels)
  }

  observe(value: number): void {
    if (!Number.isFinite(value)) throw new Error(`histogram ${this.#owner.name} cannot take ${value}`)
    let index = 0
    for (const bound of this.#bounds) {
      if (value <= bound) break
      index++
    }
    this.#counts[index] = (this.#counts[index] ?? 0) + 1
    this.#sum += value
    this.#owner.changed()
  }

  render(lines: string[]): void {
    let count = 0
    for (const [index, head] of this.#bucketHeads.entries()) {
      count += this.#counts[index] ?? 0
      lines.push(head + count)
    }
    lines.push(this.#sumHead + valueText(this.#sum), this.#countHead + count)
  }
}
