import type { Clock } from '../core/clock.ts'
import type { Family, Series } from './family.ts'
import { CounterSeries, GaugeSeries, HistogramSeries } from './series.ts'
import type { Labels, Sample } from './spec.ts'

/** The series of one target. See `Scope` of the signals for what each call promises. */
export class MetricScope {
  staleAfterMs: number
  readonly #family: (name: string) => Family
  readonly #clock: Clock
  readonly #base: Labels
  #samples: readonly Sample[] = []
  /** The series of `#samples`, one by one. */
  #gauges: readonly GaugeSeries[] = []
  /** Counters and histograms with their families, to take back on drop. */
  readonly #counted = new Map<Series, Family>()
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
    if (samples === this.#samples) return
    if (sameSeries(this.#samples, samples)) this.#setChanged(samples)
    else this.#replace(samples)
  }

  increment(metric: string, labels: Labels, by = 1): void {
    const series = this.#seriesOf(metric, labels)
    if (!(series instanceof CounterSeries)) throw new Error(`metric ${metric} is not a counter`)
    series.add(by)
  }

  observe(metric: string, labels: Labels, value: number): void {
    const series = this.#seriesOf(metric, labels)
    if (!(series instanceof HistogramSeries)) throw new Error(`metric ${metric} is not a histogram`)
    series.observe(value)
  }

  stale(now = this.#clock.monotonic()): boolean {
    return this.#publishedAt === undefined || now - this.#publishedAt > this.staleAfterMs
  }

  /** Takes the gauges away that tell of the present, once nobody has confirmed them for too long. */
  withdrawIfStale(now: number): void {
    if (this.#samples.length === 0 || !this.stale(now)) return
    const kept = this.#samples.filter(({ metric }) => this.#family(metric).spec.keptWhenStale === true)
    if (kept.length < this.#samples.length) this.#replace(kept)
  }

  drop(): void {
    this.#replace([])
    for (const [series, family] of this.#counted) family.release(series)
    this.#counted.clear()
    this.#publishedAt = undefined
  }

  #setChanged(samples: readonly Sample[]): void {
    for (const [index, { value }] of samples.entries()) {
      if (value !== this.#samples[index]?.value) this.#gauges[index]?.set(value)
    }
    this.#samples = samples
  }

  /** What is in both is held twice for a moment, so it keeps its place. */
  #replace(samples: readonly Sample[]): void {
    const gauges = samples.map((sample) => this.#set(sample))
    for (const [index, { metric }] of this.#samples.entries()) {
      const gauge = this.#gauges[index]
      if (gauge !== undefined) this.#family(metric).release(gauge)
    }
    this.#samples = samples
    this.#gauges = gauges
  }

  #set({ metric, labels, value }: Sample): GaugeSeries {
    const series = this.#family(metric).hold(this.#base, labels)
    if (!(series instanceof GaugeSeries)) throw new Error(`metric ${metric} is not a gauge`)
    series.set(value)
    return series
  }

  #seriesOf(metric: string, labels: Labels): Series {
    const known = this.#countedBy.get(labels)
    // After a drop the series has to be held again.
    if (known?.metric === metric && this.#counted.has(known.series)) return known.series
    const family = this.#family(metric)
    const series = family.hold(this.#base, labels)
    if (this.#counted.has(series)) family.release(series)
    else this.#counted.set(series, family)
    this.#countedBy.set(labels, { metric, series })
    return series
  }
}

interface Counted {
  readonly metric: string
  readonly series: Series
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
