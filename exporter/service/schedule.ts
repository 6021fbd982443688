import { createTask, type ScheduledTask } from 'node-cron'
import type { Clock } from '../core/clock.ts'
import type { Logger } from './log.ts'

/** Runs by cron, seconds first, in the local time of the process, which is UTC (main.ts). */
export interface Timer {
  stop(): void
}

export type StartTimer = (expression: string, tick: () => void) => Timer

/** How often the clock is looked at, and how far it may be set back between two looks without any harm. */
const lookEveryMs = 1_000
const harmlessMs = 1_000

/**
 * Timers of node-cron. What it has to say of missed ticks goes to the log, not to the console.
 *
 * node-cron waits for the time of day of the next tick. Where the clock was set back meanwhile, by an hour, that comes an
 * hour late: so all tasks begin anew then.
 */
export function cronTimers(log: Logger, clock: Clock): StartTimer {
  const logger = {
    info: (message: string) => log.debug({ detail: message }, 'scheduler'),
    warn: (message: string) => log.debug({ detail: message }, 'scheduler'),
    error: (message: string | Error) => log.warn({ err: String(message) }, 'scheduler'),
    debug: () => undefined,
  }
  const watch = new ClockWatch(log, clock)
  return (expression, tick) => {
    const begin = () => {
      const task = createTask(expression, tick, { suppressMissedWarning: true, logger })
      start(task, log)
      return task
    }
    let task = begin()
    const unwatch = watch.onSetBack(() => {
      end(task, log)
      task = begin()
    })
    return {
      stop: () => {
        unwatch()
        end(task, log)
      },
    }
  }
}

/** Compares the time of day with the monotonic clock, for as long as anybody wants to know. */
class ClockWatch {
  readonly #log: Logger
  readonly #clock: Clock
  readonly #listeners = new Set<() => void>()
  #timer: NodeJS.Timeout | undefined
  #aheadMs = 0

  constructor(log: Logger, clock: Clock) {
    this.#log = log
    this.#clock = clock
  }

  onSetBack(listener: () => void): () => void {
    this.#listeners.add(listener)
    if (this.#timer === undefined) {
      this.#aheadMs = this.#ahead()
      this.#timer = setInterval(() => this.#look(), lookEveryMs).unref()
    }
    return () => {
      this.#listeners.delete(listener)
      if (this.#listeners.size > 0) return
      clearInterval(this.#timer)
      this.#timer = undefined
    }
  }

  #ahead(): number {
    return this.#clock.now() - this.#clock.monotonic()
  }

  #look(): void {
    const before = this.#aheadMs
    this.#aheadMs = this.#ahead()
    const backMs = before - this.#aheadMs
    if (backMs < harmlessMs) return
    this.#log.warn({ seconds: Math.round(backMs / 1_000) }, 'the clock was set back: schedules begin anew')
    for (const listener of this.#listeners) listener()
  }
}

function start(task: ScheduledTask, log: Logger): void {
  Promise.resolve(task.start()).catch((error: unknown) => log.warn({ err: String(error) }, 'scheduler'))
}

function end(task: ScheduledTask, log: Logger): void {
  Promise.resolve(task.destroy()).catch((error: unknown) => log.warn({ err: String(error) }, 'scheduler'))
}

/** Enough ticks to see the longest gap of a schedule such as every 7 seconds, which is shorter at the full minute. */
const ticksLookedAt = 120
const hourMs = 3_600_000
const dayMs = 24 * hourMs

export interface Intervals {
  /** What one run may take, in ms. */
  readonly shortestMs: number
  /** After how long values that were not polled again are old, in ms; or somewhat more. */
  readonly longestMs: number
}

/**
 * The times between two ticks, 1 s at the least. A schedule for some hours or days only has its longest outside of them, which
 * the next ticks may not reach: so the hours and the days that it ticks in are looked at too.
 */
export function intervalsOf(expression: string): Intervals {
  const [, , ...hoursAndDays] = expression.trim().split(/\s+/)
  const between = gapsOf(expression)
  const always = hoursAndDays.every((field) => field === '*')
  return {
    shortestMs: Math.max(1_000, Math.min(...between)),
    longestMs: Math.max(1_000, ...between, ...(always ? [] : gapsWithout(hoursAndDays))),
  }
}

/** Over the hours and over the days without a tick, in ms. */
function gapsWithout([hours, ...days]: readonly string[]): number[] {
  return [
    ...gapsOf(['0 0', hours, ...days].join(' ')).filter((gap) => gap > hourMs),
    ...gapsOf(['0 0 0', ...days].join(' ')).filter((gap) => gap > dayMs),
  ]
}

/** Between the next ticks, in ms. */
function gapsOf(expression: string): number[] {
  const task = createTask(expression, () => undefined)
  const ticks = task.getNextRuns(ticksLookedAt).map((date) => date.getTime())
  return ticks.slice(1).map((tick, index) => tick - (ticks[index] ?? tick))
}
