/** Times, counts and lists as people read them. Times are UTC, as in logs and metrics. */
import { type Html, html } from '../html.ts'

const secondMs = 1_000
const minuteMs = 60 * secondMs
const hourMs = 60 * minuteMs
const dayMs = 24 * hourMs
/** Older than this the day is told too. */
const sameDayMs = 20 * hourMs

/** `12 s`, `3 min 10 s`, `2 h 5 min`, `3 d 4 h`: two units at most. */
export function duration(ms: number): string {
  const units = [
    [dayMs, 'd'],
    [hourMs, 'h'],
    [minuteMs, 'min'],
    [secondMs, 's'],
  ] as const
  const whole = Math.max(0, Math.floor(ms / secondMs)) * secondMs
  const first = units.findIndex(([unit]) => whole >= unit)
  if (first < 0) return '0 s'
  const parts: string[] = []
  let rest = whole
  for (const [unit, word] of units.slice(first, first + 2)) {
    const times = Math.floor(rest / unit)
    rest -= times * unit
    if (times > 0) parts.push(`${times} ${word}`)
  }
  return parts.join(' ')
}

/** `09:31:07`, with the day in front where it is not today's. */
export function clockTime(atMs: number, nowMs: number): string {
  const iso = new Date(atMs).toISOString()
  const time = iso.slice(11, 19)
  return Math.abs(nowMs - atMs) < sameDayMs ? time : `${iso.slice(0, 10)} ${time}`
}

/** The time, and how long ago that was. */
export function since(atMs: number | undefined, nowMs: number): Html {
  if (atMs === undefined) return html`<span class="dim">unknown</span>`
  return html`${timeTag(atMs, nowMs)} <span class="dim">${duration(nowMs - atMs)} ago</span>`
}

/** In a column that is called since: the time, and for how long. */
export function sinceCell(atMs: number | undefined, nowMs: number): Html {
  if (atMs === undefined) return html`<span class="dim">unknown</span>`
  return html`${timeTag(atMs, nowMs)} <span class="dim">${duration(nowMs - atMs)}</span>`
}

export function timeTag(atMs: number, nowMs: number): Html {
  const told = clockTime(atMs, nowMs)
  // A time of the same day says all by itself; a page has hundreds of them.
  const whole = told.length > 8 ? html` datetime="${new Date(atMs).toISOString()}"` : undefined
  return html`<time${whole}>${told}</time>`
}

export function plural(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`
}

/** `50 %`, and never `0 %` or `100 %` for what is not quite that. */
export function percent(ratio: number): string {
  const rounded = Math.round(ratio * 100)
  if (ratio > 0 && rounded === 0) return 'under 1 %'
  if (ratio < 1 && rounded === 100) return 'over 99 %'
  return `${rounded} %`
}

export interface Capped<T> {
  readonly shown: readonly T[]
  readonly omitted: number
}

export function capped<T>(all: readonly T[], limit: number): Capped<T> {
  return { shown: all.slice(0, limit), omitted: Math.max(0, all.length - limit) }
}

/** What was left out, in words; nothing where nothing was. */
export function omission(omitted: number, what: string): Html | undefined {
  return omitted === 0 ? undefined : html`<p class="dim omitted">and ${omitted} more ${what}, not shown</p>`
}

/** Long text from outside is cut: a page is no place for an error of 100 KB. */
export function cut(text: string, limit = 300): string {
  return text.length > limit ? `${text.slice(0, limit)}…` : text
}
