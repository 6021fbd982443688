/** What a collector is given, in memory: a clock that tests turn, books, and lists of what it said. */
import type { Clock } from '../../../exporter/core/clock.ts'
import type { MetricTable } from '../../../exporter/metrics/spec.ts'
import { createMetricStore, type MetricStore } from '../../../exporter/metrics/store.ts'
import type { Change, CollectorDeps, RunContext, ScheduleName } from '../../../exporter/signals/signal.ts'
import { type ClusterViews, clusterViews } from '../../../exporter/signals/views.ts'
import type { DnsClient } from '../../../exporter/sources/dns/client.ts'

export class ManualClock implements Clock {
  #nowMs: number
  readonly #startMs: number
  readonly #sleepers = new Set<{ readonly atMs: number; wake(): void }>()

  constructor(nowMs = Date.UTC(2026, 0, 1)) {
    this.#nowMs = this.#startMs = nowMs
  }

  now(): number {
    return this.#nowMs
  }

  monotonic(): number {
    return this.#nowMs - this.#startMs
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    if (signal?.aborted === true) return Promise.resolve()
    const sleeper = { atMs: this.#nowMs + ms, wake: resolve }
    this.#sleepers.add(sleeper)
    const end = () => {
      this.#sleepers.delete(sleeper)
      resolve()
    }
    signal?.addEventListener('abort', end, { once: true })
    return promise
  }

  /** Turns the clock and wakes those whose time has come. */
  advance(ms: number): void {
    this.#nowMs += ms
    for (const sleeper of this.#sleepers) {
      if (sleeper.atMs > this.#nowMs) continue
      this.#sleepers.delete(sleeper)
      sleeper.wake()
    }
  }
}

export interface LogLine {
  readonly level: 'debug' | 'info' | 'warn'
  readonly fields: object
  readonly message: string
}

export interface MemoryDeps {
  readonly deps: CollectorDeps
  readonly clock: ManualClock
  readonly store: MetricStore
  /** By key, as they would be saved. */
  readonly books: Map<string, unknown>
  readonly changes: Change[]
  readonly log: LogLine[]
}

export interface MemoryOptions {
  readonly tables: readonly MetricTable[]
  readonly dns: DnsClient
  readonly cluster?: string
  readonly retentionMs?: number
  readonly intervals?: Partial<Record<ScheduleName, number>>
  /** Books of an earlier life. */
  readonly books?: ReadonlyMap<string, unknown>
  readonly clock?: ManualClock
  /** What other collectors of the cluster tell. */
  readonly views?: ClusterViews
  /** The registry of an earlier life, for a reload. */
  readonly store?: MetricStore
}

const defaultIntervals = { dns: 5_000, load_balancers: 30_000, heartbeats: 10_000, connections: 5_000 }

export function memoryDeps(options: MemoryOptions): MemoryDeps {
  const clock = options.clock ?? new ManualClock()
  const store = options.store ?? createMetricStore({ tables: options.tables, clock })
  // What was saved comes back as JSON does.
  const books = new Map([...(options.books ?? [])].map(([key, book]) => [key, JSON.parse(JSON.stringify(book))]))
  const changes: Change[] = []
  const log: LogLine[] = []
  const logger = (level: LogLine['level']) => (fields: object, message: string) => log.push({ level, fields, message })
  const cluster = options.cluster ?? 'test'
  const deps: CollectorDeps = {
    cluster,
    clock,
    dns: options.dns,
    metrics: store.owner('test', { cluster }),
    books: {
      get: (key) => books.get(key),
      set: (key, book) => books.set(key, JSON.parse(JSON.stringify(book))),
      delete: (key) => books.delete(key),
      keys: () => [...books.keys()],
    },
    views: options.views ?? clusterViews(),
    changes: { record: (change) => changes.push(change) },
    log: { debug: logger('debug'), info: logger('info'), warn: logger('warn') },
    retentionMs: options.retentionMs ?? 3_600_000,
    intervalMs: (schedule) => options.intervals?.[schedule] ?? defaultIntervals[schedule],
  }
  return { deps, clock, store, books, changes, log }
}

export function runContext(given: Partial<RunContext> = {}): RunContext {
  return {
    signal: new AbortController().signal,
    intervalMs: 5_000,
    first: true,
    trace: { note: () => undefined },
    ...given,
  }
}

/** For collectors that ask no names. */
export const noDns = {
  resolve: () => Promise.reject(new Error('no DNS here')),
  namesFor: async (hostname: string) => [hostname],
  close: () => Promise.resolve(),
}
