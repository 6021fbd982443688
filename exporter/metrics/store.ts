/**
 * The registry of the program: makes the metrics of the tables on prom-client and hands out scopes.
 *
 * A scope owns the series of one target, so a target that is gone, or whose source is silent for too long, leaves
 * /metrics as a whole. Scraping renders memory and asks nobody.
 */
import { Counter, Gauge, Histogram, Registry } from 'prom-client'
import type { Clock } from '../core/clock.ts'
import type { Family } from './family.ts'
import { MetricScope } from './scope.ts'
import type { Labels, MetricSpec, MetricTable } from './spec.ts'

export interface MetricStoreOptions {
  readonly tables: readonly MetricTable[]
  readonly clock: Clock
}

export function createMetricStore(options: MetricStoreOptions): MetricStore {
  return new MetricStore(options)
}

export class MetricStore {
  readonly registry = new Registry()
  readonly #clock: Clock
  readonly #families = new Map<string, Family>()
  readonly #owners = new Map<string, Map<string, MetricScope>>()

  constructor({ tables, clock }: MetricStoreOptions) {
    this.#clock = clock
    for (const table of tables) {
      for (const [name, spec] of Object.entries(table)) {
        if (this.#families.has(name)) throw new Error(`metric ${name} is in two tables`)
        const metric = makeMetric(this.registry, name, spec, spec.labels)
        this.#families.set(name, { name, spec, metric, labels: spec.labels })
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
    const labels = [...new Set([...family.spec.labels, ...extra])]
    if (labels.every((label) => family.labels.includes(label))) return
    this.registry.removeSingleMetric(name)
    family.labels = labels
    family.metric = makeMetric(this.registry, name, family.spec, labels)
    for (const scopes of this.#owners.values()) for (const scope of scopes.values()) scope.setAgain(family)
  }

  /** The exposition text, format 0.0.4. Withdraws what has gone stale first. */
  async render(): Promise<string> {
    for (const scopes of this.#owners.values()) for (const scope of scopes.values()) scope.withdrawIfStale()
    return await this.registry.metrics()
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

function makeMetric(registry: Registry, name: string, spec: MetricSpec, labels: readonly string[]) {
  const options = { name, help: spec.help, labelNames: [...labels], registers: [registry] }
  if (spec.type === 'gauge') return unset(new Gauge(options))
  if (spec.type === 'counter') return new Counter(options)
  return new Histogram({ ...options, buckets: [...(spec.buckets ?? [])] })
}

/** prom-client shows 0 for a gauge without labels before anybody has said so. */
function unset(gauge: Gauge): Gauge {
  gauge.remove({})
  return gauge
}
