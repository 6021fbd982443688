/** Scrapes beside the lab: the lab's own work keeps the event loop of the test busy, and would be measured with them. */
import type { TestContext } from 'node:test'
import { Worker } from 'node:worker_threads'
import type { Exporter } from '../../e2e/exporter.ts'

export interface Scrapes {
  /** How long each scrape took so far, in ms. */
  readonly times: readonly number[]
  end(): Promise<void>
}

export function startScrapes(t: TestContext, { url }: Exporter, everyMs: number): Scrapes {
  const times: number[] = []
  const worker = new Worker(new URL('scrape-worker.ts', import.meta.url), { workerData: { url, everyMs } })
  const failed = new Promise<never>((_, reject) => worker.once('error', reject))
  failed.catch(() => undefined)
  worker.on('message', (ms: number) => times.push(ms))
  const ended = async () => void (await worker.terminate())
  t.after(ended)
  return { times, end: () => Promise.race([failed, ended()]) }
}
