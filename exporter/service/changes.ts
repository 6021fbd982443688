import type { Change, ChangeSink } from '../signals/signal.ts'
import type { Logger } from './log.ts'

/** Newest changes kept for /api/v1/events. */
const capacity = 1_000

export interface ChangeEvent extends Change {
  readonly time: string
  readonly cluster: string
  readonly collector: string
}

/** The changes seen: a log line each, and a bounded list, newest first. */
export class ChangeHistory {
  readonly #events: ChangeEvent[] = []

  sink(cluster: string, collector: string, log: Logger): ChangeSink {
    return {
      record: (change, atMs) => {
        this.#events.unshift({ time: new Date(atMs).toISOString(), cluster, collector, ...change })
        this.#events.length = Math.min(this.#events.length, capacity)
        const { kind, subject, message, added, removed, before, after } = change
        log.info({ change: kind, subject, detail: message, added, removed, before, after }, 'change seen')
      },
    }
  }

  list(): readonly ChangeEvent[] {
    return this.#events
  }
}
