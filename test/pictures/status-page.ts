/**
 * Takes exporter/web/status-page.webp: `node test/pictures/status-page.ts`. The outage is played against the real exporter,
 * and its status page photographed at the height of it.
 */
import { readFile, stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import { Exporter } from '../e2e/exporter.ts'
import { Lab, shippedScenario } from '../lab/lab.ts'
import { parseScenario } from '../lab/story/scenario.ts'
import { openBrowser } from './browser.ts'

const picture = resolve(import.meta.dirname, '../../exporter/web/status-page.webp')
/** Slow enough for the page's own clock to look like that of an incident. */
const scale = 4
/** Of play: what came before the story, and what it had come to when people look. */
const calmMs = 30_000
const heightMs = 130_000
const width = 1_280
const maxBytes = 150_000

/** A caching resolver lags behind, so that the picture shows how that is marked. */
const lag = '  - {at: 20s, do: resolver_lags, for: 15m}\n'
const story = (await readFile(shippedScenario('outage'), 'utf8')) + lag

const lab = await Lab.start({ scenario: parseScenario(story, 'outage'), scale })
try {
  const exporter = await Exporter.start({ config: lab.config(), env: lab.env })
  try {
    await exporter.ready()
    await pass(calmMs)
    void lab.play()
    await pass(heightMs)
    await photograph(exporter.url)
  } finally {
    await exporter.stop()
  }
} finally {
  await lab.close()
}

async function photograph(url: string): Promise<void> {
  await using opened = await openBrowser()
  const page = await opened.browser.newPage()
  await page.setViewport({ width, height: 800 })
  await page.goto(url, { waitUntil: 'networkidle0' })
  await page.screenshot({ path: picture, type: 'webp', quality: 85, fullPage: true })
  const { size } = await stat(picture)
  if (size > maxBytes) throw new Error(`${picture} has ${size} bytes, more than ${maxBytes}`)
  process.stdout.write(`${picture}\n`)
}

function pass(ms: number): Promise<void> {
  return new Promise((done) => setTimeout(done, ms))
}
