import { collectDefaultMetrics } from 'prom-client'
import type { MetricStore } from '../metrics/store.ts'
import { collectEventLoopLag } from './event-loop-lag.ts'
import { serviceOwner } from './service.ts'

/** Gauges called `_total`, which promtool's lint refuses; the same numbers stand by type under the name without it. */
const misnamed = ['nodejs_active_handles_total', 'nodejs_active_requests_total', 'nodejs_active_resources_total']

/** prom-client's own metrics of the event loop are not used; the timer that they come from rests for so long. */
const unusedTimerMs = 2 ** 31 - 1

/** What the exporter says of itself as a process: build, config, state, and the process_ and nodejs_ metrics. */
export class SelfMetrics {
  readonly #metrics: MetricStore
  readonly #values = new Map<string, number>()
  readonly #buildLabels: Readonly<Record<string, string>>

  constructor(metrics: MetricStore, version: string) {
    this.#metrics = metrics
    this.#buildLabels = { version, nodeversion: process.version }
    const { registry } = metrics
    collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: unusedTimerMs })
    const ownLag = registry.getMetricsAsArray().filter(({ name }) => name.startsWith('nodejs_eventloop_lag_'))
    for (const name of [...misnamed, ...ownLag.map(({ name }) => name)]) registry.removeSingleMetric(name)
    collectEventLoopLag(registry)
    this.#publish()
  }

  configLoaded(ok: boolean, atMs: number): void {
    this.#values.set('elbchurn_config_last_reload_successful', Number(ok))
    if (ok) this.#values.set('elbchurn_config_last_reload_success_timestamp_seconds', atMs / 1_000)
    this.#publish()
  }

  webConfigRead(ok: boolean): void {
    this.#values.set('elbchurn_web_config_last_reload_successful', Number(ok))
    this.#publish()
  }

  stateSaved(ok: boolean): void {
    this.#values.set('elbchurn_state_last_save_successful', Number(ok))
    this.#publish()
  }

  #publish(): void {
    const scope = this.#metrics.owner(serviceOwner, {}).scope('self', Number.POSITIVE_INFINITY)
    scope.publish([
      { metric: 'elbchurn_build_info', labels: this.#buildLabels, value: 1 },
      ...[...this.#values].map(([metric, value]) => ({ metric, labels: {}, value })),
    ])
  }
}
