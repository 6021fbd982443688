import type { Metrics } from '../e2e/exporter.ts'
import type { ExpectedSeries } from './churning.ts'

/** Where /metrics does not show the world as it is, series for series. */
export function differences(metrics: Metrics, expected: ExpectedSeries): string[] {
  const wrong: string[] = []
  const compare = (what: string, shown: readonly string[], there: readonly string[]) => {
    const missing = there.filter((item) => !shown.includes(item))
    const extra = shown.filter((item) => !there.includes(item))
    if (missing.length > 0) wrong.push(`${what}: ${missing.length} missing, such as ${missing[0]}`)
    if (extra.length > 0) wrong.push(`${what}: ${extra.length} too many, such as ${extra[0]}`)
  }
  compare('elb_address_info', pairs(metrics, 'elb_address_info', 'load_balancer', 'address'), expected.addresses)
  compare('dns_answer_info', pairs(metrics, 'dns_answer_info', 'hostname', 'answer'), expected.answers)
  const notReady = pairs(metrics, 'node_not_ready_since_timestamp_seconds', 'node')
  compare('node_not_ready_since', notReady, expected.notReady)
  for (const [ready, count] of Object.entries(expected.nodes)) {
    const shown = metrics
      .lines('nodes{')
      .filter((line) => line.includes(`ready="${ready}"`))
      .reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0)
    if (shown !== count) wrong.push(`nodes{ready="${ready}"}: ${shown} shown, ${count} there`)
  }
  for (const line of metrics.lines('collector_up')) if (!line.endsWith(' 1')) wrong.push(line)
  return wrong
}

/** The values of the labels, with a blank between, of every series of the metric. */
function pairs(metrics: Metrics, name: string, ...labels: readonly string[]): string[] {
  return metrics
    .lines(`${name}{`)
    .map((line) => labels.map((label) => new RegExp(`[{,]${label}="([^"]*)"`).exec(line)?.[1]).join(' '))
    .sort()
}
