/**
 * Draws dashboards/incident.png: `node test/pictures/incident.ts`. There is no Grafana in it. The outage is played against
 * the real exporter and a real Prometheus, the shipped board's own queries are asked, and the answers drawn where the
 * board's grid places them.
 */
import { resolve } from 'node:path'
import { defaultConfig } from '../../alerts/config.ts'
import { formatDuration } from '../../alerts/durations.ts'
import { type Closing, scrapeMs, startWatched, watch } from '../e2e/watched.ts'
import { readBoard } from '../lab/boards.ts'
import { type Board, Grafana, nameOf, type Panel } from '../lab/grafana.ts'
import { shippedScenario } from '../lab/lab.ts'
import { loadScenario } from '../lab/story/scenario.ts'
import { type Answer, type Drawing, drawPanel, type Mark } from './panels.ts'
import { photograph } from './photograph.ts'

const picture = resolve(import.meta.dirname, '../../dashboards/incident.png')
const scale = 6
/** Of the story: from before the change until the height, when people look. */
const beforeMs = 60_000
const heightMs = 12 * 60_000
const width = 1_400
const column = width / 24
const rowHeight = 34
const gap = 6
/** Rows of the grid that are drawn: all panels with a time axis that the lab has data for. */
const rows = 27

const closing: Closing = []
try {
  const { html, height } = await draw()
  await photograph(html, picture, width, height)
  process.stdout.write(`${picture}\n`)
} finally {
  for (const close of closing.reverse()) await close()
}

async function draw() {
  const scenario = await loadScenario(shippedScenario('outage'))
  const { lab, exporter } = await startWatched({ scenario, scale }, closing)
  const prometheus = await watch([exporter.url], closing, hurried())
  await new Promise((done) => setTimeout(done, beforeMs / scale))
  const beganMs = Date.now()
  void lab.play()
  await new Promise((done) => setTimeout(done, heightMs / scale))
  const view = {
    fromMs: beganMs - beforeMs / scale,
    toMs: Date.now(),
    scrapeMs,
    variables: { cluster: scenario.defaults.cluster },
  }
  const grafana = new Grafana(prometheus.url, hurriedBoard(), view)
  const marks = await marksOf(grafana)
  const drawing = { scale, fromMs: view.fromMs, nowMs: view.toMs, beganMs, stepMs: scrapeMs, marks }
  const panels = grafana.board.panels.filter(({ gridPos: { y, h } }) => y + h <= rows)
  const drawn = await Promise.all(panels.map(async (panel) => place(panel, await answersOf(grafana, panel), drawing)))
  const height = Math.max(...panels.map(({ gridPos: { y, h } }) => y + h)) * rowHeight
  return { html: page(drawn, height), height }
}

/** What alerts wait for goes by as fast as the story does. */
function hurried(): string[] {
  const waits = ['not_ready_warning_for', 'not_ready_critical_for', 'stale_for', 'flapped_window'] as const
  return [
    'evaluation_interval=1s',
    'since_step=1s',
    ...waits.map((key) => `${key}=${formatDuration(defaultConfig[key] / scale)}`),
  ]
}

/** The window of the alert stands in one query of the board too. */
function hurriedBoard(): Board {
  const { flapped_window: window } = defaultConfig
  const text = JSON.stringify(readBoard('incident'))
  return JSON.parse(text.replaceAll(`[${formatDuration(window)}]`, `[${formatDuration(window / scale)}]`))
}

async function answersOf(grafana: Grafana, panel: Panel): Promise<Answer[]> {
  const answers = await Promise.all(
    (panel.targets ?? []).map(async (target) =>
      (await grafana.ask(panel, target)).map((series) => ({
        name: nameOf(target, series),
        series,
        color: overrideOf(panel, target.refId),
        line: isLine(panel, target.refId),
      })),
    ),
  )
  const found = answers.flat()
  // Lanes by name, as Grafana's data source orders the series of one query.
  if (panel.type === 'state-timeline') found.sort((left, right) => left.name.localeCompare(right.name))
  return found
}

function overrideOf(panel: Panel, refId: string): string | undefined {
  const override = panel.fieldConfig?.overrides.find(({ matcher }) => matcher.options === refId)
  const color = override?.properties.find(({ id }) => id === 'color')?.value
  return (color as { fixedColor?: string } | undefined)?.fixedColor
}

function isLine(panel: Panel, refId: string): boolean {
  const override = panel.fieldConfig?.overrides.find(({ matcher }) => matcher.options === refId)
  return override?.properties.some(({ id }) => id === 'custom.fillOpacity') ?? false
}

async function marksOf(grafana: Grafana): Promise<Mark[]> {
  const answers = await Promise.all(
    grafana.board.annotations.list.map(async (annotation) =>
      (await grafana.askAnnotation(annotation)).flatMap(({ points }) => {
        const [first] = points
        if (first === undefined) return []
        const atMs = annotation.useValueForTime === true ? first.value : first.atMs
        return [{ atMs, title: annotation.name, color: annotation.iconColor }]
      }),
    ),
  )
  // Marks of one moment lie on each other: those of load balancers, the cause, on top.
  return answers.reverse().flat()
}

function place(panel: Panel, answers: readonly Answer[], drawing: Drawing): string {
  const { x, y, w, h } = panel.gridPos
  const box = { width: w * column - gap, height: h * rowHeight - gap }
  const frame = `<rect width="${box.width}" height="${box.height}" rx="3" fill="#ffffff" stroke="#d8dee4"/>`
  const at = `translate(${x * column + gap / 2},${y * rowHeight + gap / 2})`
  return `<g transform="${at}">${frame}${drawPanel(panel, answers, drawing, box)}</g>`
}

function page(drawn: readonly string[], height: number): string {
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" font-family="sans-serif">`
  return `<!doctype html><meta charset="utf-8"><body style="margin:0;background:#f6f8fa">${svg}${drawn.join('')}</svg>`
}
