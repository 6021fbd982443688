import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { collectDefaultMetrics, Registry } from 'prom-client'
import { createMetricStore } from '../../../exporter/metrics/store.ts'
import { systemClock } from '../../../exporter/service/clock.ts'
import { collectEventLoopLag } from '../../../exporter/service/event-loop-lag.ts'
import { serviceMetrics } from '../../../exporter/service/metrics.ts'
import { SelfMetrics } from '../../../exporter/service/self-metrics.ts'

const prefix = 'nodejs_eventloop_lag_'

function headers(registry: Registry): string[] {
  const own = registry.getMetricsAsArray().filter(({ name }) => name.startsWith(prefix))
  return own.map(({ name, help }) => `${name}: ${help}`).sort()
}

async function value(registry: Registry, name: string): Promise<number> {
  const line = (await registry.metrics()).split('\n').find((text) => text.startsWith(`${prefix}${name} `))
  return Number(line?.split(' ')[1])
}

function block(ms: number): void {
  const until = performance.now() + ms
  while (performance.now() < until);
}

describe('the lag of the event loop', () => {
  it('has the names and helps that prom-client gives it, once each', () => {
    const theirs = new Registry()
    collectDefaultMetrics({ register: theirs })
    const metrics = createMetricStore({ tables: [serviceMetrics], clock: systemClock })
    new SelfMetrics(metrics, '1.2.3')
    assert.equal(headers(theirs).length, 8)
    assert.deepEqual(headers(metrics.registry), headers(theirs))
  })

  it('tells a block that no timer fell into, and forgets it with the scrape that told it', async () => {
    const registry = new Registry()
    collectEventLoopLag(registry)
    await registry.metrics()
    await delay(1)
    block(60)
    await delay(1)
    const blocked = await value(registry, 'max_seconds')
    assert.ok(blocked >= 0.055 && blocked < 5, `a block of 60 ms is told as ${blocked} s`)
    await delay(300)
    const idle = await value(registry, 'p50_seconds')
    assert.ok(idle < 0.05, `300 ms of sleep are told as a lag of ${idle} s`)
  })

  it('tells numbers only, from the first scrape on and when scrapes follow at once', async () => {
    const registry = new Registry()
    collectEventLoopLag(registry)
    for (let scrape = 0; scrape < 3; scrape += 1) {
      const lines = (await registry.metrics()).split('\n').filter((line) => line.startsWith(prefix))
      assert.equal(lines.length, 8)
      for (const line of lines) {
        const told = Number(line.split(' ')[1])
        assert.ok(told >= 0 && told < 60, `not a lag in seconds: ${line}`)
      }
    }
  })
})
