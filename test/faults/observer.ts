/** Scrapes an exporter all the time, and hands each cluster's part to whoever watches that cluster. */
import { EventEmitter } from 'node:events'
import { type Exporter, Metrics } from '../e2e/exporter.ts'
import { lostTime } from '../stolen-time.ts'

const everyMs = 200

export interface Sight {
  readonly atMs: number
  readonly metrics: Metrics
}

export class Observer {
  readonly exporter: Exporter
  /** The servers of all worlds are in this process: while it stands still, none of them answers. */
  readonly lost = lostTime()
  readonly #seen = new EventEmitter<Record<string, [Sight]>>()
  readonly #loop: Promise<void>
  #over = false

  constructor(exporter: Exporter) {
    this.exporter = exporter
    this.#seen.setMaxListeners(0)
    this.#loop = this.#scrape()
  }

  /** Calls `look` with each scrape of a cluster until it is told to end. */
  watch(cluster: string, look: (sight: Sight) => void): () => void {
    this.#seen.on(cluster, look)
    return () => this.#seen.off(cluster, look)
  }

  /** The first scrape for which `wanted` holds; rejects after `limitMs`, not counting lost time, with the last one. */
  until(cluster: string, wanted: (metrics: Metrics) => boolean, what: string, limitMs: number): Promise<Sight> {
    return new Promise((resolve, reject) => {
      const beganMs = performance.now()
      const end = this.watch(cluster, (sight) => {
        const late = sight.atMs - beganMs - this.lost.msSince(beganMs) > limitMs
        if (!wanted(sight.metrics) && !late) return
        end()
        if (wanted(sight.metrics)) resolve(sight)
        else reject(new Error(`not within ${limitMs} ms: ${what}\n${sight.metrics.own().join('\n')}`))
      })
    })
  }

  async stop(): Promise<void> {
    this.#over = true
    await this.#loop
    this.lost[Symbol.dispose]()
  }

  async #scrape(): Promise<void> {
    while (!this.#over) {
      const all = await this.exporter.metrics().catch(() => undefined)
      const atMs = performance.now()
      for (const [cluster, lines] of byCluster(all?.own() ?? [])) {
        this.#seen.emit(cluster, { atMs, metrics: new Metrics(lines.join('\n')) })
      }
      await new Promise((resolve) => setTimeout(resolve, everyMs))
    }
  }
}

function byCluster(lines: readonly string[]): Map<string, string[]> {
  return Map.groupBy(lines, (line) => /\bcluster="([^"]*)"/.exec(line)?.[1] ?? '')
}
