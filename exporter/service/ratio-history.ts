/** The NotReady ratio of one cluster over the last hour, for the page that draws it. */
import type { Readiness } from '../signals/views.ts'

export const historyMs = 3_600_000
/** A value that was not told anew for so long was not known any more. */
const gapMs = 5_000
/** Stretches kept. None is shorter than its share of the hour, so they reach over all of it however much happens. */
const capacity = 900
const shortestMs = historyMs / capacity

/** Between these times the ratio was this. */
export interface RatioStretch {
  readonly fromMs: number
  readonly toMs: number
  /** 0 to 1 */
  readonly ratio: number
}

export class RatioHistory {
  #stretches: { fromMs: number; toMs: number; ratio: number }[] = []
  /** Nobody knows now. */
  #unknown = true

  /** `readiness` undefined: it is not known any more. */
  note(readiness: Readiness | undefined, nowMs: number): void {
    if (readiness === undefined || readiness.expected === 0) {
      this.#unknown = true
      return
    }
    const ratio = readiness.notReady / readiness.expected
    const last = this.#stretches.at(-1)
    const follows = last !== undefined && !this.#unknown && nowMs >= last.toMs && nowMs - last.toMs <= gapMs
    this.#unknown = false
    if (follows) last.toMs = nowMs
    if (follows && (last.ratio === ratio || nowMs - last.fromMs < shortestMs)) {
      // A spike that is too short for a stretch of its own must not be lost.
      last.ratio = Math.max(last.ratio, ratio)
      return
    }
    this.#stretches.push({ fromMs: nowMs, toMs: nowMs, ratio })
    this.#forget(nowMs)
  }

  /** Oldest first. */
  list(nowMs: number): readonly RatioStretch[] {
    this.#forget(nowMs)
    return this.#stretches
  }

  /** A clock that was set back makes the future of yesterday: nothing of it can be drawn. */
  #forget(nowMs: number): void {
    const kept = this.#stretches.filter(({ fromMs, toMs }) => nowMs - toMs < historyMs && fromMs <= nowMs)
    this.#stretches = kept.slice(-capacity)
  }
}
