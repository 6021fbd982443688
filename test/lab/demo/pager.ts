/** The part of the demo that pages: Prometheus and Alertmanager with the shipped rules, where they can be had. */
import type { Clock } from '../../../exporter/core/clock.ts'
import { type FindOptions, findTool } from '../../tools/find.ts'
import { type AlertChain, type Page, pagesOf, startAlertChain } from '../alert-chain.ts'

export interface Pager {
  readonly prometheus: string
  readonly alertmanager: string
  /** All that the pager was told so far. */
  pages(): readonly Page[]
  /** How long the last of it may take to come once the story is over, in ms. */
  readonly lingerMs: number
  stop(): Promise<void>
}

const fetchLimitMs = 45_000
/** The interval of scrapes and evaluations in production. */
const intervalMs = 15_000
const leastIntervalMs = 250
/** From the last node that is back to the resolve: keep_firing_for, group_interval, a scrape and an evaluation. */
const resolveMs = 60_000 + 60_000 + 2 * intervalMs
/** Prometheus looks for its targets after 5 s. */
const firstScrapeMs = 15_000

/**
 * Whether Prometheus and Alertmanager are here. Where they are not, it says so, tries to fetch their Debian packages into
 * the checkout, and gives up after 45 s; the demo goes on without.
 */
export async function canPage(
  print: (line: string) => void,
  signal: AbortSignal,
  options: FindOptions = {},
): Promise<boolean> {
  const stay = async () => {
    throw new Error('nothing is fetched yet')
  }
  if (await found({ ...options, fetch: stay })) return true
  print(`Fetching Prometheus and Alertmanager into .cache, once, for ${fetchLimitMs / 1_000} s at most ...`)
  const bound = AbortSignal.any([signal, AbortSignal.timeout(fetchLimitMs)])
  if (await found({ lockWaitMs: fetchLimitMs, ...options, signal: bound })) return true
  if (!signal.aborted) {
    print(
      'No page will come: prometheus 3.5 and prometheus-alertmanager 0.33 are not on PATH and could not be fetched.',
    )
  }
  return false
}

async function found(options: FindOptions): Promise<boolean> {
  try {
    await findTool('prometheus', options)
    await findTool('alertmanager', options)
    return true
  } catch {
    return false
  }
}

/**
 * As in production, but `scale` times faster in all: 15 s between scrapes, the durations of the rules, the waits of
 * Alertmanager. Resolves once Prometheus has scraped the exporter at `url`.
 */
export async function startPager(url: string, scale: number, clock: Clock, signal: AbortSignal): Promise<Pager> {
  const scrapeMs = Math.max(leastIntervalMs, Math.round(intervalMs / scale))
  const targets = [{ url }]
  const chain = await startAlertChain({ targets, scrapeMs, evaluationMs: scrapeMs, hurry: scale })
  await firstScrape(chain, clock, signal, firstScrapeMs + scrapeMs)
  return {
    prometheus: chain.prometheus.url,
    alertmanager: chain.alertmanager.url,
    pages: () => pagesOf(chain.receivers.notifications),
    lingerMs: resolveMs / scale + scrapeMs,
    stop: () => chain.stop(),
  }
}

async function firstScrape(chain: AlertChain, clock: Clock, signal: AbortSignal, withinMs: number): Promise<void> {
  const endsMs = clock.now() + withinMs
  try {
    while (!signal.aborted && (await chain.prometheus.query('up == 1')).length === 0) {
      if (clock.now() > endsMs) throw new Error(`Prometheus at ${chain.prometheus.url} did not scrape the exporter`)
      await clock.sleep(100, signal)
    }
  } catch (error) {
    await chain.stop()
    if (!signal.aborted) throw error
  }
}
