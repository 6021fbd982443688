/**
 * The time of GET /metrics by one scraper and by four at once, beside prom-client alone with the same series and beside the
 * bare copying of as many bytes, and how long a scrape holds up the rest.
 */
import type { Exporter } from '../../e2e/exporter.ts'
import { startKnot } from '../../lab/knot.ts'
import { HttpClient } from '../http.ts'
import { type LongestBlock, longestBlock, monitorReport } from '../measured.ts'
import { type Part, type PartDeps, pause } from '../part.ts'
import { registryOf, renderTimes } from '../prom-client.ts'
import type { Row } from '../report.ts'
import { growthExponent, median, percentile } from '../statistics.ts'
import { benchZone, dnsSection, records } from '../zone.ts'

const sizes = [100, 1_000, 10_000, 50_000]
/** Series of one name with four records, and those of the exporter itself. */
const seriesEach = 9
const seriesOwn = 125
const scrapes = 100
const warmUps = 20
const scrapersAtOnce = 4
/** As a scraper that leaves the exporter time for its work. */
const betweenMs = 20
const blockGoalMs = 100
/** What grows in proportion has 1; the rest is for the noise. */
const growthGoal = 1.1

export const scrapePart: Part = {
  name: 'scrape',
  limitMs: 180_000,
  async run(deps) {
    const measured: Measured[] = []
    for (const series of sizes) measured.push(await measure(series, deps))
    const growth = growthExponent(measured.map(({ series, p50Ms }) => [series, p50Ms]))
    const name = 'growth of p50 with the series, 1 = in proportion'
    return [
      ...measured.flatMap(({ rows }) => rows),
      { part: 'scrape', name, value: growth, unit: '', against: { kind: 'at_most', value: growthGoal } },
    ]
  },
}

interface Measured {
  readonly series: number
  readonly p50Ms: number
  readonly rows: readonly Row[]
}

async function measure(series: number, { subject, say }: PartDeps): Promise<Measured> {
  const watched = Math.max(1, Math.round((series - seriesOwn) / seriesEach))
  say(`about ${series} series: ${watched} names`)
  const knot = await startKnot(benchZone, records(watched))
  const clusters = [{ name: 'bench', dns: dnsSection(watched, knot.address) }]
  const exporter = await subject.start({ schedules: { dns: '0 0 * * * *' }, clusters }, { monitored: true })
  const client = new HttpClient(scrapersAtOnce)
  try {
    await exporter.ready()
    const url = `${exporter.url}/metrics`
    await scrape(client, url, warmUps, {})
    const startedMs = Date.now()
    const plain = await scrape(client, url, scrapes, {})
    const gzip = await scrape(client, url, scrapes, { 'accept-encoding': 'gzip' })
    const each = Math.ceil(scrapes / scrapersAtOnce)
    const together = (
      await Promise.all(Array.from({ length: scrapersAtOnce }, () => scrape(client, url, each, {})))
    ).flat()
    const block = longestBlock(await monitorReport(exporter), startedMs)
    return await report(exporter, { plain, gzip, together }, block)
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

interface Times {
  readonly plain: readonly number[]
  readonly gzip: readonly number[]
  readonly together: readonly number[]
}

async function report(exporter: Exporter, times: Times, block: LongestBlock): Promise<Measured> {
  const { plain, gzip, together } = times
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
  const atOnce = [0.5, 0.99].map((share): Row => {
    const name = `${label}: GET /metrics p${share * 100}, ${scrapersAtOnce} scrapers at once`
    return { part: 'scrape', name, value: percentile(together, share), unit: 'ms' }
  })
  const copy = { kind: 'peer' as const, name: 'memcpy', value: median(copyTimes(Buffer.from(text))) }
  const p50Ms = median(plain)
  const rows: Row[] = [
    ...timed,
    ...atOnce,
    { part: 'scrape', name: `${label}: GET /metrics p50, the limit`, value: p50Ms, unit: 'ms', against: copy },
    { part: 'scrape', name: `${label}: GET /metrics p50, gzip`, value: median(gzip), unit: 'ms' },
    { part: 'scrape', name: `${longest}, CPU`, value: block.cpuMs, unit: 'ms', against: goal },
    { part: 'scrape', name: `${longest}, clock`, value: block.ms, unit: 'ms' },
  ]
  return { series: count, p50Ms, rows }
}

/** Milliseconds that it takes to copy the bytes once: no scrape can be faster. */
function copyTimes(bytes: Buffer): number[] {
  const target = Buffer.alloc(bytes.length)
  return Array.from({ length: scrapes }, () => {
    const startedAt = performance.now()
    bytes.copy(target)
    return performance.now() - startedAt
  })
}
