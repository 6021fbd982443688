import { type ELDHistogram, monitorEventLoopDelay } from 'node:perf_hooks'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { Gauge, type Registry } from 'prom-client'

/** A release of Node that cannot look at each turn ignores that wish, and looks by a timer every so often. */
const fallbackMs = 250

interface Summary {
  readonly help: string
  /** In ns. */
  readonly of: (delays: ELDHistogram) => number
}

/** By the middle of the metric's name. Each is of the turns since the last scrape. */
const summaries: Readonly<Record<string, Summary>> = {
  min: { help: 'The minimum recorded event loop delay.', of: ({ min }) => min },
  max: { help: 'The maximum recorded event loop delay.', of: ({ max }) => max },
  mean: { help: 'The mean of the recorded event loop delays.', of: ({ mean }) => mean },
  stddev: { help: 'The standard deviation of the recorded event loop delays.', of: ({ stddev }) => stddev },
  p50: { help: 'The 50th percentile of the recorded event loop delays.', of: (delays) => delays.percentile(50) },
  p90: { help: 'The 90th percentile of the recorded event loop delays.', of: (delays) => delays.percentile(90) },
  p99: { help: 'The 99th percentile of the recorded event loop delays.', of: (delays) => delays.percentile(99) },
}

/**
 * The metrics `nodejs_eventloop_lag_*` under prom-client's names, from every turn of the loop: the time that it worked,
 * without that in which it slept. prom-client's own come from a timer. It wakes an idle process 50 to 100 times a second,
 * which was two thirds of all CPU that one takes, and of blocks that are shorter than its period it sees some.
 */
export function collectEventLoopLag(registry: Registry): void {
  const delays = monitorEventLoopDelay({ samplePerIteration: true, resolution: fallbackMs })
  delays.enable()
  const registers = [registry]
  const lag = new Gauge({
    name: 'nodejs_eventloop_lag_seconds',
    help: 'Lag of event loop in seconds.',
    registers,
    // The registry collects in the order of registration: the others have their values before they are asked for them.
    async collect() {
      if (delays.count > 0) for (const { gauge, of } of gauges) gauge.set(of(delays) / 1e9)
      delays.reset()
      const askedAt = performance.now()
      await nextTurn()
      lag.set((performance.now() - askedAt) / 1_000)
    },
  })
  const gauges = Object.entries(summaries).map(([what, { help, of }]) => {
    return { gauge: new Gauge({ name: `nodejs_eventloop_lag_${what}_seconds`, help, registers }), of }
  })
}
