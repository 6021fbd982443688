/** Panels as SVG, from the board's own JSON and the answers to its own queries: stats, lanes, lines. */
import type { FieldDefaults, Panel, Series } from '../lab/grafana.ts'
import { type Clockwork, clockTime, escapeText, formatValue } from './format.ts'

export interface Answer {
  readonly name: string
  readonly series: Series
  /** What the board sets for this name. */
  readonly color: string | undefined
  /** A line, where others are areas. */
  readonly line: boolean
}

export interface Mark {
  readonly atMs: number
  readonly title: string
  readonly color: string
}

export interface Drawing extends Clockwork {
  readonly fromMs: number
  /** When the story began. */
  readonly beganMs: number
  readonly stepMs: number
  readonly marks: readonly Mark[]
}

export interface Box {
  readonly width: number
  readonly height: number
}

export const ink = '#24292f'
const faint = '#8c959f'
const grid = '#e4e8ec'
const titleHeight = 26
const legendHeight = 22
const timeHeight = 16
const rightMargin = 12
/** For series that the board gives no colour, in turn. */
const others = ['#0072B2', '#009E73', '#CC79A7', '#56B4E9']

export function drawPanel(panel: Panel, answers: readonly Answer[], drawing: Drawing, box: Box): string {
  switch (panel.type) {
    case 'stat':
      return drawStat(panel, answers, drawing, box)
    case 'state-timeline':
      return title(panel) + markNames(drawing, box) + drawLanes(panel, answers, drawing, box)
    case 'timeseries':
      return title(panel) + markNames(drawing, box) + drawLines(panel, answers, drawing, box)
    default:
      return title(panel) + drawText(panel, box)
  }
}

function title(panel: Panel): string {
  return text(10, 18, panel.title, { size: 13, weight: 600 })
}

/** What the vertical marks are, which Grafana tells where the mouse is over them. */
function markNames({ marks }: Drawing, box: Box): string {
  const slot = 105
  const names = [...new Map(marks.map((mark) => [mark.title, mark.color]))]
  return names
    .map(([name, color], index) => {
      const x = box.width - rightMargin - slot * (names.length - index)
      return `<path d="M${x},18h10l-5,-8z" fill="${color}"/>${text(x + 15, 18, name, { size: 11, fill: faint })}`
    })
    .join('')
}

function drawStat(panel: Panel, answers: readonly Answer[], drawing: Drawing, box: Box): string {
  const { unit = 'none', noValue = '', ...defaults } = panel.fieldConfig?.defaults ?? {}
  const { textMode } = panel.options
  const storySeconds = (panel.targets ?? []).some(({ expr }) => /increase\(\w+_seconds_total/.test(expr))
  const values = answers.map(({ name, series }) => {
    const value = series.points.at(-1)?.value ?? Number.NaN
    return { name, value: storySeconds ? Math.round(value * drawing.scale) : value }
  })
  const [first] = values
  const scaled = (value: number) => (unit === 's' ? value * drawing.scale : value)
  const color = first === undefined ? '#ffffff' : colorOf(defaults, first.value, scaled(first.value))
  const words = values.map(({ name, value }) => {
    const mapped = mappingOf(defaults, value)?.text ?? formatValue(value, unit, drawing)
    if (textMode === 'name') return name
    return textMode === 'value_and_name' ? `${name}, ${mapped}` : mapped
  })
  const shown = words.length === 0 ? noValue : words.join(', ')
  const foreground = first === undefined ? faint : readableOn(color)
  const size = Math.min(words.length === 0 ? 14 : 26, (box.width - 24) / (shown.length * 0.56))
  return [
    `<rect width="${box.width}" height="${box.height}" rx="3" fill="${color}"/>`,
    text(10, 18, panel.title, { size: 13, weight: 600, fill: first === undefined ? ink : foreground }),
    text(box.width / 2, box.height / 2 + 16, shown, { size, weight: 600, fill: foreground, anchor: 'middle' }),
  ].join('')
}

function drawText(panel: Panel, box: Box): string {
  const html = escapeText(panel.options.content ?? '')
    .replaceAll(/\*\*([^*]+)\*\*/g, '<b>$1</b>')
    .replaceAll(/\[([^\]]+)\]\([^)]+\)/g, '<span style="color:#0072B2;text-decoration:underline">$1</span>')
  const style = `font:13px/1.45 sans-serif;color:${ink};padding:0 10px`
  return `<foreignObject y="${titleHeight}" width="${box.width}" height="${box.height - titleHeight}"><div xmlns="http://www.w3.org/1999/xhtml" style="${style}">${html}</div></foreignObject>`
}

/** Where times lie, the same for all panels that share the axis. */
function timeScale(panel: Panel, { fromMs, nowMs }: Drawing, box: Box) {
  const left = panel.fieldConfig?.defaults.custom?.axisWidth ?? 40
  const width = box.width - left - rightMargin
  return { left, width, x: (atMs: number) => left + (Math.max(0, atMs - fromMs) / (nowMs - fromMs)) * width }
}

function drawLanes(panel: Panel, answers: readonly Answer[], drawing: Drawing, box: Box): string {
  const scale = timeScale(panel, drawing, box)
  const defaults = panel.fieldConfig?.defaults ?? {}
  const bottom = box.height - legendHeight - timeHeight
  const lane = (bottom - titleHeight) / Math.max(1, answers.length)
  const rows = answers.map(({ name, series }, index) => {
    const y = titleHeight + index * lane
    const bars = stretches(series, drawing.stepMs).map(({ fromMs, toMs, value }) => {
      const { text: word = String(value), color = faint } = mappingOf(defaults, value) ?? {}
      const x = scale.x(fromMs)
      const width = Math.max(1, scale.x(Math.min(toMs, drawing.nowMs)) - x)
      const fits = width > word.length * 7 + 8
      const label = fits ? text(x + 6, y + lane / 2 + 4, word, { size: 12, fill: readableOn(color) }) : ''
      return `<rect x="${x}" y="${y + lane * 0.1}" width="${width}" height="${lane * 0.8}" fill="${color}" fill-opacity="0.9"/>${label}`
    })
    return text(scale.left - 8, y + lane / 2 + 4, name, { size: 11, anchor: 'end' }) + bars.join('')
  })
  const states = (defaults.mappings ?? []).flatMap(({ options }) => Object.values(options))
  const keys = states.map(({ text: word, color }) => ({ name: word, color }))
  const axis = timeAxis(scale, drawing, titleHeight, bottom)
  return axis.grid + rows.join('') + axis.marks + legend(keys, scale.left, box.height)
}

function drawLines(panel: Panel, answers: readonly Answer[], drawing: Drawing, box: Box): string {
  const scale = timeScale(panel, drawing, box)
  const { max, unit = 'none', thresholds, noValue = '' } = panel.fieldConfig?.defaults ?? {}
  const bottom = box.height - legendHeight - timeHeight
  const highest = max ?? Math.max(1, ...answers.flatMap(({ series }) => series.points.map(({ value }) => value)))
  const y = (value: number) => bottom - (value / highest) * (bottom - titleHeight - 4)
  const ticks = [0, 0.5, 1].map((part) => {
    const at = y(part * highest)
    const line = `<line x1="${scale.left}" x2="${scale.left + scale.width}" y1="${at}" y2="${at}" stroke="${grid}"/>`
    return line + text(scale.left - 8, at + 4, formatValue(part * highest, unit, drawing), { size: 11, anchor: 'end' })
  })
  const bounds = (thresholds?.steps ?? []).flatMap(({ value, color }) => {
    if (value === null) return []
    const place = `x1="${scale.left}" x2="${scale.left + scale.width}" y1="${y(value)}" y2="${y(value)}"`
    return [`<line ${place} stroke="${color}" stroke-dasharray="6 5"/>`]
  })
  const colored = answers.map((answer, index) => ({
    ...answer,
    color: answer.color ?? others[index % others.length] ?? ink,
  }))
  const stacked = panel.fieldConfig?.defaults.custom?.stacking?.mode === 'normal'
  const lines = colored.map(({ line, series, color }) => {
    const path = stretches(series, drawing.stepMs).map(({ fromMs, toMs, value, joined }) => {
      const start = joined ? `V${y(value)}` : `M${scale.x(fromMs)},${y(value)}`
      return `${start}H${scale.x(Math.min(toMs, drawing.nowMs))}`
    })
    const area = stacked && !line ? fillBelow(series, drawing, scale.x, y) : ''
    const fill = `<path d="${area}" fill="${color}" fill-opacity="0.35"/>`
    return `${fill}<path d="${path.join('')}" fill="none" stroke="${color}" stroke-width="2"/>`
  })
  const empty =
    answers.length > 0 ? '' : text(scale.left + 20, (titleHeight + bottom) / 2, noValue, { size: 13, fill: faint })
  const axis = timeAxis(scale, drawing, titleHeight, bottom)
  const drawn = [...ticks, axis.grid, ...bounds, ...lines, axis.marks, empty]
  return drawn.join('') + legend(colored, scale.left, box.height)
}

/** Areas of the boards drawn here have one series each, so none has to stand on another. */
function fillBelow(
  series: Series,
  drawing: Drawing,
  x: (atMs: number) => number,
  y: (value: number) => number,
): string {
  const path = stretches(series, drawing.stepMs).map(({ fromMs, toMs, value }) => {
    return `M${x(fromMs)},${y(0)}V${y(value)}H${x(Math.min(toMs, drawing.nowMs))}V${y(0)}z`
  })
  return path.join('')
}

/** Runs of one value; a sample holds until the next one is due. */
function stretches({ points }: Series, stepMs: number) {
  const found: { fromMs: number; toMs: number; value: number; joined: boolean }[] = []
  for (const { atMs, value } of points) {
    const last = found.at(-1)
    const joined = last !== undefined && last.toMs >= atMs - stepMs / 2
    if (joined && last.value === value) last.toMs = atMs + stepMs
    else {
      if (joined) last.toMs = atMs
      found.push({ fromMs: atMs, toMs: atMs + stepMs, value, joined })
    }
  }
  return found
}

function timeAxis(scale: ReturnType<typeof timeScale>, drawing: Drawing, top: number, bottom: number) {
  const everyMs = 120_000
  const storyMs = (atMs: number) => (atMs - drawing.beganMs) * drawing.scale
  const ticks: string[] = []
  for (let at = Math.ceil(storyMs(drawing.fromMs) / everyMs) * everyMs; at < storyMs(drawing.nowMs); at += everyMs) {
    const x = scale.x(drawing.beganMs + at / drawing.scale)
    ticks.push(`<line x1="${x}" x2="${x}" y1="${top}" y2="${bottom}" stroke="${grid}"/>`)
    if (at >= 0 && x < scale.left + scale.width - 20)
      ticks.push(text(x, bottom + 13, clockTime(at), { size: 11, fill: faint, anchor: 'middle' }))
  }
  const marks = drawing.marks.map(({ atMs, color }) => {
    const x = scale.x(atMs)
    const line = `<line x1="${x}" x2="${x}" y1="${top}" y2="${bottom}" stroke="${color}" stroke-width="1.5" stroke-dasharray="3 3"/>`
    return `${line}<path d="M${x - 5},${bottom + 7}h10l-5,-7z" fill="${color}"/>`
  })
  return { grid: ticks.join(''), marks: marks.join('') }
}

function legend(keys: readonly { name: string; color: string }[], left: number, height: number): string {
  let x = left
  return keys
    .map(({ name, color }) => {
      const swatch = `<rect x="${x}" y="${height - 14}" width="14" height="4" fill="${color}"/>`
      const label = text(x + 19, height - 8, name, { size: 12 })
      x += 19 + name.length * 7.2 + 18
      return swatch + label
    })
    .join('')
}

function mappingOf({ mappings = [] }: FieldDefaults, value: number) {
  return mappings.map(({ options }) => options[String(value)]).find((mapped) => mapped !== undefined)
}

function colorOf(defaults: FieldDefaults, value: number, scaled: number): string {
  const steps = defaults.thresholds?.steps ?? []
  const step = steps.findLast((each) => each.value === null || scaled >= each.value)
  return mappingOf(defaults, value)?.color ?? step?.color ?? faint
}

/** Black or white, by the relative luminance of WCAG 2: https://www.w3.org/TR/WCAG21/#dfn-relative-luminance */
function readableOn(color: string): string {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const part = Number.parseInt(color.slice(at, at + 2), 16) / 255
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue > 0.3 ? ink : '#ffffff'
}

interface TextStyle {
  readonly size: number
  readonly weight?: number
  readonly fill?: string
  readonly anchor?: 'middle' | 'end'
}

export function text(
  x: number,
  y: number,
  words: string,
  { size, weight = 400, fill = ink, anchor }: TextStyle,
): string {
  const place = anchor === undefined ? '' : ` text-anchor="${anchor}"`
  return `<text x="${x}" y="${y}" font-size="${size}" font-weight="${weight}" fill="${fill}"${place}>${escapeText(words)}</text>`
}
