/** prom-client alone with the series of a scrape, as gauges: what rendering costs without an exporter around it. */
import { Gauge, Registry } from 'prom-client'

export function registryOf(exposition: string): Registry {
  const registry = new Registry()
  const gauges = new Map<string, Gauge>()
  for (const line of exposition.split('\n')) {
    const series = /^(\w+)(?:\{(.*)\})? (\S+)$/.exec(line)
    if (series === null) continue
    const [, name = '', labelText = '', value] = series
    const labels = Object.fromEntries(
      [...labelText.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map(([, label, text]) => [label, text]),
    )
    const gauge = gauges.get(name) ?? new Gauge({ name, help: name, labelNames: Object.keys(labels), registers: [] })
    if (!gauges.has(name)) registry.registerMetric(gauge)
    gauges.set(name, gauge)
    gauge.set(labels, Number(value))
  }
  return registry
}

/** Milliseconds of each of `count` renderings. */
export async function renderTimes(registry: Registry, count: number): Promise<number[]> {
  const times: number[] = []
  for (let index = 0; index < count; index += 1) {
    const startedAt = performance.now()
    await registry.metrics()
    times.push(performance.now() - startedAt)
  }
  return times
}
