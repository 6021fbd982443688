/** Scrapes again and again on a thread of its own, and tells how long each scrape took. */
import { parentPort, workerData } from 'node:worker_threads'
import { lostTime } from '../../stolen-time.ts'

const { url, everyMs } = workerData as { readonly url: string; readonly everyMs: number }
const lost = lostTime()

for (;;) {
  const beganMs = performance.now()
  const response = await fetch(`${url}/metrics`)
  await response.text()
  // This thread does nothing else: where its loop stood still, the machine had no CPU for it.
  parentPort?.postMessage(performance.now() - beganMs - lost.msSince(beganMs))
  await new Promise((resolve) => setTimeout(resolve, everyMs))
}
