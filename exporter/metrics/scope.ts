import { Counter, Gauge, Histogram } from 'prom-client'
import type { Clock } from '../core/clock.ts'
import type { Family } from './family.ts'
import type { Labels, Sample } from './spec.ts'

/** The series of one target. See `Scope` of the signals for what each call promises. */
export class MetricScope {
  staleAfterMs: number
  readonly #family: (name: string) => Family
  readonly #clock: Clock
  readonly #base: Labels
  #live: readonly Sample[] = []
  /** Label sets of counters and histograms, by metric and labels, to take back on drop. */
  readonly #counted = new Map<string, Counted>()
  /** The same by the labels object: collectors that count often hand over the same one each time. */
  readonly #countedBy = new WeakMap<Labels, Counted>()
  #publishedAt: number | undefined

  constructor(family: (name: string) => Family, clock: Clock, base: Labels, staleAfterMs: number) {
    this.#family = family
    this.#clock = clock
    this.#base = base
    this.staleAfterMs = staleAfterMs
  }

  publish(samples: readonly Sample[]): void {
    this.#publishedAt = this.#clock.monotonic()
    if (sameSeries(this.#live, samples)) this.#setChanged(samples)
    else this.#replace(samples)
    this.#live = samples
  }

  increment(metric: string, labels: Labels, by = 1): void {
    const { family, labels: all } = this.#seriesOf(metric, labels)
    if (!(family.metric instanceof Counter)) throw new Error(`metric ${metric} is not a counter`)
    family.metric.inc(all, by)
  }

  observe(metric: string, labels: Labels, value: number): void {
    const { family, labels: all } = this.#seriesOf(metric, labels)
    if (!(family.metric instanceof Histogram)) throw new Error(`metric ${metric} is not a histogram`)
    family.metric.observe(all, value)
  }

  stale(): boolean {
    return this.#publishedAt === undefined || this.#clock.monotonic() - this.#publishedAt > this.staleAfterMs
  }

  /** Takes the gauges away that tell of the present, once nobody has confirmed them for too long. */
  withdrawIfStale(): void {
    if (this.#live.length === 0 || !this.stale()) return
    const kept = this.#live.filter(({ metric }) => this.#family(metric).spec.keptWhenStale === true)
    if (kept.length < this.#live.length) this.#replace(kept)
    this.#live = kept
  }

  /** Sets the live gauges of a metric that was made anew. */
  setAgain(family: Family): void {
    for (const sample of this.#live) if (sample.metric === family.name) this.#set(sample)
  }

  drop(): void {
    this.#replace([])
    this.#live = []
    for (const { family, labels } of this.#counted.values()) family.metric.remove(labels)
    this.#counted.clear()
    this.#publishedAt = undefined
  }

  #setChanged(samples: readonly Sample[]): void {
    for (const [index, sample] of samples.entries()) {
      if (sample.value !== this.#live[index]?.value) this.#set(sample)
    }
  }

  #replace(samples: readonly Sample[]): void {
    const now = new Set(samples.map(seriesKey))
    for (const sample of this.#live) {
      if (!now.has(seriesKey(sample))) this.#gauge(sample.metric).remove({ ...this.#base, ...sample.labels })
    }
    for (const sample of samples) this.#set(sample)
  }

  #set({ metric, labels, value }: Sample): void {
    this.#gauge(metric).set({ ...this.#base, ...labels }, value)
  }

  #gauge(name: string): Gauge {
    const { metric } = this.#family(name)
    if (!(metric instanceof Gauge)) throw new Error(`metric ${name} is not a gauge`)
    return metric
  }

  #seriesOf(metric: string, labels: Labels): Counted {
    const seen = this.#countedBy.get(labels)
    // After a drop the series has to be noted again.
    if (seen?.family.name === metric && this.#counted.has(seen.key)) return seen
    const key = seriesKey({ metric, labels })
    const counted = this.#counted.get(key) ?? {
      key,
      family: this.#family(metric),
      labels: { ...this.#base, ...labels },
    }
    this.#counted.set(key, counted)
    this.#countedBy.set(labels, counted)
    return counted
  }
}

/** A counter's or histogram's series, with all its labels. */
interface Counted {
  readonly key: string
  readonly family: Family
  readonly labels: Labels
}

function seriesKey({ metric, labels }: { metric: string; labels: Labels }): string {
  let key = metric
  for (const name of Object.keys(labels).sort()) key += `\u0000${name}\u0000${labels[name]}`
  return key
}

/** true where both lists hold the same series in the same order, the usual case, told without making a key. */
function sameSeries(left: readonly Sample[], right: readonly Sample[]): boolean {
  if (left.length !== right.length) return false
  return left.every((sample, index) => {
    const other = right[index]
    return other !== undefined && sample.metric === other.metric && sameLabels(sample.labels, other.labels)
  })
}

function sameLabels(left: Labels, right: Labels): boolean {
  if (left === right) return true
  let count = 0
  for (const name in left) {
    if (left[name] !== right[name]) return false
    count++
  }
  for (const _name in right) count--
  return count === 0
}
