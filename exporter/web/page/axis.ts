/** The time axis that the changes and the ratio share. Pure. */
import type { ChangeEvent } from '../../service/changes.ts'
import type { RatioStretch } from '../../service/ratio-history.ts'
import { timeMs } from './fields.ts'

const minuteMs = 60_000

export interface Axis {
  readonly fromMs: number
  readonly toMs: number
  readonly tickMs: number
}

/** Spans to choose from, and the distance of their ticks. */
const spans = [
  [2 * minuteMs, minuteMs],
  [5 * minuteMs, minuteMs],
  [15 * minuteMs, 5 * minuteMs],
  [30 * minuteMs, 10 * minuteMs],
  [60 * minuteMs, 15 * minuteMs],
] as const
const longest = [60 * minuteMs, 15 * minuteMs] as const
/** What is shown begins so far into the picture at the earliest, so that the time before it is seen too. */
const leadShare = 0.15

/** The shortest span that shows all of the last hour that is news; of a quiet hour all that is known. */
export function chooseAxis(changes: readonly ChangeEvent[], ratios: readonly RatioStretch[], nowMs: number): Axis {
  const hourAgo = nowMs - longest[0]
  const news = [
    ...changes.flatMap(({ time }) => timeMs(time) ?? []).filter((atMs) => atMs > hourAgo),
    ...ratios.filter(({ ratio }) => ratio > 0).map(({ fromMs }) => Math.max(fromMs, hourAgo)),
  ]
  const known = ratios.map(({ fromMs }) => fromMs)
  const startMs = Math.min(nowMs, ...(news.length > 0 ? news : known))
  const wanted = nowMs - startMs
  const [spanMs, tickMs] = spans.find(([span]) => wanted <= span * (1 - (news.length > 0 ? leadShare : 0))) ?? longest
  return { fromMs: nowMs - spanMs, toMs: nowMs, tickMs }
}

/** Where a time lies, in percent of the width, clipped to the axis. */
export function place({ fromMs, toMs }: Axis, atMs: number): number {
  const share = (Math.min(Math.max(atMs, fromMs), toMs) - fromMs) / (toMs - fromMs)
  return Math.round(share * 10_000) / 100
}

export function ticks({ fromMs, toMs, tickMs }: Axis): number[] {
  const found: number[] = []
  for (let atMs = Math.ceil(fromMs / tickMs) * tickMs; atMs <= toMs; atMs += tickMs) found.push(atMs)
  return found
}

/** At most so many stretches, each as high as the highest in it: the width of a screen shows no more. */
const slots = 240

export function thin(ratios: readonly RatioStretch[], axis: Axis): RatioStretch[] {
  const slotMs = (axis.toMs - axis.fromMs) / slots
  const found: { fromMs: number; toMs: number; ratio: number }[] = []
  for (const { fromMs, toMs, ratio } of ratios) {
    if (toMs < axis.fromMs) continue
    const last = found.at(-1)
    const sameSlot = last !== undefined && Math.floor(last.fromMs / slotMs) === Math.floor(fromMs / slotMs)
    if (sameSlot) {
      last.toMs = Math.max(last.toMs, toMs)
      last.ratio = Math.max(last.ratio, ratio)
    } else found.push({ fromMs: Math.max(fromMs, axis.fromMs), toMs, ratio })
  }
  return found
}
