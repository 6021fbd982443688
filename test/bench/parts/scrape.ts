/** The time of GET /metrics, beside prom-client alone with the same series, and how long a scrape holds up the rest. */
import type { Exporter } from '../../e2e/exporter.ts'
import { startKnot } from '../../lab/knot.ts'
import { HttpClient } from '../http.ts'
import { type LongestBlock, longestBlock, monitorReport } from '../measured.ts'
import { type Part, type PartDeps, pause } from '../part.ts'
import { registryOf, renderTimes } from '../prom-client.ts'
import type { Row } from '../report.ts'
import { median, percentile } from '../statistics.ts'
import { benchZone, dnsSection, records } from '../zone.ts'

const sizes = [1_000, 10_000]
/** Series of one name with four records, and those of the exporter itself. */
const seriesEach = 9
const seriesOwn = 140
const scrapes = 100
const warmUps = 20
/** As a scraper that leaves the exporter time for its work. */
const betweenMs = 20
const blockGoalMs = 100

export const scrapePart: Part = {
  name: 'scrape',
  limitMs: 90_000,
  async run(deps) {
    const rows: Row[] = []
    for (const series of sizes) rows.push(...(await measure(series, deps)))
    return rows
  },
}

async function measure(series: number, { subject, say }: PartDeps): Promise<Row[]> {
  const watched = Math.round((series - seriesOwn) / seriesEach)
  say(`about ${series} series: ${watched} names`)
  const knot = await startKnot(benchZone, records(watched))
  const clusters = [{ name: 'bench', dns: dnsSection(watched, knot.address) }]
  const exporter = await subject.start({ schedules: { dns: '0 0 * * * *' }, clusters }, { monitored: true })
  const client = new HttpClient(1)
  try {
    await exporter.ready()
    const url = `${exporter.url}/metrics`
    await scrape(client, url, warmUps, {})
    const startedMs = Date.now()
    const plain = await scrape(client, url, scrapes, {})
    const gzip = await scrape(client, url, scrapes, { 'accept-encoding': 'gzip' })
    const block = longestBlock(await monitorReport(exporter), startedMs)
    return await report(exporter, plain, gzip, block)
  } finally {
    client.close()
    await exporter.stop()
    await knot.stop()
  }
}

async function scrape(
  client: HttpClient,
  url: string,
  count: number,
  headers: Readonly<Record<string, string>>,
): Promise<number[]> {
  const times: number[] = []
  for (let index = 0; index < count; index += 1) {
    times.push((await client.get(url, headers)).ms)
    await pause(betweenMs)
  }
  return times
}

async function report(
  exporter: Exporter,
  plain: readonly number[],
  gzip: readonly number[],
  block: LongestBlock,
): Promise<Row[]> {
  const { text } = await exporter.metrics()
  const count = text.split('\n').filter((line) => line !== '' && !line.startsWith('#')).length
  const registry = registryOf(text)
  await renderTimes(registry, warmUps)
  const alone = await renderTimes(registry, scrapes)
  const label = `${count.toLocaleString('en')} series`
  const timed = [0.5, 0.9, 0.99].map((share): Row => {
    const against = { kind: 'peer' as const, name: 'prom-client', value: percentile(alone, share) }
    const name = `${label}: GET /metrics p${share * 100}`
    return { part: 'scrape', name, value: percentile(plain, share), unit: 'ms', against }
  })
  const goal = { kind: 'at_most' as const, value: blockGoalMs }
  const longest = `${label}: longest block of the event loop`
  return [
    ...timed,
    { part: 'scrape', name: `${label}: GET /metrics p50, gzip`, value: median(gzip), unit: 'ms' },
    { part: 'scrape', name: `${longest}, CPU`, value: block.cpuMs, unit: 'ms', against: goal },
    { part: 'scrape', name: `${longest}, clock`, value: block.ms, unit: 'ms' },
  ]
}
