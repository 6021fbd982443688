/**
 * The registry of the program: holds the metrics of the tables and hands out scopes.
 *
 * A scope owns the series of one target, so a target that is gone, or whose source is silent for too long, leaves
 * /metrics as a whole. Scraping renders memory and asks nobody, and renders anew only the metrics that changed since the
 * last scrape: prom-client's own rendering of 10,000 series took 40 ms each time, without a break.
 */
import { setImmediate as nextTurn } from 'node:timers/promises'
import { Registry } from 'prom-client'
import type { Clock } from '../core/clock.ts'
import { Family } from './family.ts'
import { MetricScope } from './scope.ts'
import type { Labels, MetricTable } from './spec.ts'

/** Rendered in one go, which is about 2 ms; then others have their turn. A metric is never split, so it is of one moment. */
const seriesPerTurn = 10_000

export interface MetricStoreOptions {
  readonly tables: readonly MetricTable[]
  readonly clock: Clock
}

export function createMetricStore(options: MetricStoreOptions): MetricStore {
  return new MetricStore(options)
}

export class MetricStore {
  /** Of the metrics of the runtime (`process_*`, `nodejs_*`), which prom-client collects when it renders. */
  readonly registry = new Registry()
  readonly #clock: Clock
  readonly #families = new Map<string, Family>()
  readonly #owners = new Map<string, Map<string, MetricScope>>()
  /** The last rendering that was begun or waits, and the one of these that has not begun. */
  #last: Promise<unknown> = Promise.resolve()
  #waiting: Promise<string> | undefined

  constructor({ tables, clock }: MetricStoreOptions) {
    this.#clock = clock
    for (const table of tables) {
      for (const [name, spec] of Object.entries(table)) {
        if (this.#families.has(name)) throw new Error(`metric ${name} is in two tables`)
        this.#families.set(name, new Family(name, spec))
      }
    }
  }

  /** The scopes of one owner (a collector of a cluster). `base` labels are added to all its series. */
  owner(owner: string, base: Labels): OwnerScopes {
    let scopes = this.#owners.get(owner)
    if (scopes === undefined) {
      scopes = new Map()
      this.#owners.set(owner, scopes)
    }
    return new OwnerScopes(scopes, (staleAfterMs) => new MetricScope(this.#family, this.#clock, base, staleAfterMs))
  }

  /** Drops all series of the owners that are not in `keep`. */
  retainOwners(keep: ReadonlySet<string>): void {
    for (const [owner, scopes] of this.#owners) {
      if (keep.has(owner)) continue
      for (const scope of scopes.values()) scope.drop()
      this.#owners.delete(owner)
    }
  }

  /** Adds labels that the config names to a metric with `openLabels`. Live series stay. */
  widen(name: string, extra: readonly string[]): void {
    const family = this.#family(name)
    if (family.spec.openLabels !== true) throw new Error(`metric ${name} takes no labels from the config`)
    family.widen(extra)
  }

  /**
   * The exposition text, format 0.0.4. Withdraws what has gone stale first. Scrapers that come at once share one text, which
   * is never from before they came; one that comes while a rendering is going waits for the next one.
   */
  render(): Promise<string> {
    if (this.#waiting === undefined) {
      this.#waiting = this.#renderAfter(this.#last)
      this.#last = this.#waiting.catch(() => {})
    }
    return this.#waiting
  }

  async #renderAfter(last: Promise<unknown>): Promise<string> {
    await last
    await nextTurn()
    this.#waiting = undefined
    const now = this.#clock.monotonic()
    for (const scopes of this.#owners.values()) for (const scope of scopes.values()) scope.withdrawIfStale(now)
    const texts: string[] = []
    let rendered = 0
    for (const family of this.#families.values()) {
      rendered += family.toRender
      if (rendered > seriesPerTurn) {
        await nextTurn()
        rendered = family.toRender
      }
      texts.push(family.render())
    }
    const runtime = await this.registry.metrics()
    return texts.length === 0 ? runtime : `${texts.join('\n\n')}\n${runtime === '\n' ? '' : `\n${runtime}`}`
  }

  readonly #family = (name: string): Family => {
    const family = this.#families.get(name)
    if (family === undefined) throw new Error(`metric ${name} is in no table`)
    return family
  }
}

/** The scopes of one collector. Implements `ScopeFactory` of the signals. */
export class OwnerScopes {
  readonly #scopes: Map<string, MetricScope>
  readonly #make: (staleAfterMs: number) => MetricScope

  constructor(scopes: Map<string, MetricScope>, make: (staleAfterMs: number) => MetricScope) {
    this.#scopes = scopes
    this.#make = make
  }

  scope(key: string, staleAfterMs: number): MetricScope {
    let scope = this.#scopes.get(key)
    if (scope === undefined) {
      scope = this.#make(staleAfterMs)
      this.#scopes.set(key, scope)
    }
    scope.staleAfterMs = staleAfterMs
    return scope
  }

  retain(keep: ReadonlySet<string>): void {
    for (const [key, scope] of this.#scopes) {
      if (keep.has(key)) continue
      scope.drop()
      this.#scopes.delete(key)
    }
  }
}
