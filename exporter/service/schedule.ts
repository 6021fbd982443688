import { createTask, type ScheduledTask } from 'node-cron'
import type { Logger } from './log.ts'

/** Runs by cron, seconds first. */
export interface Timer {
  stop(): void
}

export type StartTimer = (expression: string, tick: () => void) => Timer

/** Timers of node-cron. What it has to say of missed ticks goes to the log, not to the console. */
export function cronTimers(log: Logger): StartTimer {
  const logger = {
    info: (message: string) => log.debug({ detail: message }, 'scheduler'),
    warn: (message: string) => log.debug({ detail: message }, 'scheduler'),
    error: (message: string | Error) => log.warn({ err: String(message) }, 'scheduler'),
    debug: () => undefined,
  }
  return (expression, tick) => {
    const task = createTask(expression, tick, { suppressMissedWarning: true, logger })
    start(task, log)
    return {
      stop: () => {
        Promise.resolve(task.destroy()).catch((error: unknown) => log.warn({ err: String(error) }, 'scheduler'))
      },
    }
  }
}

function start(task: ScheduledTask, log: Logger): void {
  Promise.resolve(task.start()).catch((error: unknown) => log.warn({ err: String(error) }, 'scheduler'))
}

/** Enough ticks to see the longest gap of a schedule such as every 7 seconds, which is shorter at the full minute. */
const ticksLookedAt = 120

/** The longest time between two ticks, in ms, of the next ticks. */
export function longestInterval(expression: string): number {
  const task = createTask(expression, () => undefined)
  const ticks = task.getNextRuns(ticksLookedAt).map((date) => date.getTime())
  const gaps = ticks.slice(1).map((tick, index) => tick - (ticks[index] ?? tick))
  return Math.max(1_000, ...gaps)
}
