/** What the last runs of a collector's tasks came to. Pure: the runner sets metrics and logs from it. */
import type { Failure } from '../core/poll.ts'

export interface TaskOutcome {
  /** undefined until the first run ended */
  readonly ok?: boolean
  readonly lastSuccessMs?: number
  readonly failures: readonly Failure[]
  /** when the present row of failed runs began, and how long it is */
  readonly streak?: { readonly sinceMs: number; readonly runs: number; readonly reasons: string }
}

export interface OutcomeStep {
  readonly next: TaskOutcome
  /** What is worth a line in the log: a streak's start, a streak whose kind of failure changed, its end. */
  readonly tell?: 'failing' | 'recovered'
}

export const noOutcome: TaskOutcome = { failures: [] }

export function stepOutcome(previous: TaskOutcome, failures: readonly Failure[], nowMs: number): OutcomeStep {
  if (failures.length === 0) {
    const next = { ok: true, lastSuccessMs: nowMs, failures }
    return previous.streak === undefined ? { next } : { next, tell: 'recovered' }
  }
  const reasons = [...new Set(failures.map(({ reason }) => reason))].sort().join(',')
  const { sinceMs, runs } = previous.streak ?? { sinceMs: nowMs, runs: 0 }
  const next = {
    ok: false,
    ...(previous.lastSuccessMs !== undefined && { lastSuccessMs: previous.lastSuccessMs }),
    failures,
    streak: { sinceMs, runs: runs + 1, reasons },
  }
  return previous.streak?.reasons === reasons ? { next } : { next, tell: 'failing' }
}

export interface CollectorOutcome {
  /** undefined until each task has ended a run, or one has failed */
  readonly up?: boolean
  /** when all tasks had worked */
  readonly lastSuccessMs?: number
  /** each task has ended a run, well or not */
  readonly finishedOnce: boolean
}

export function combineOutcomes(tasks: readonly TaskOutcome[]): CollectorOutcome {
  const finishedOnce = tasks.every(({ ok }) => ok !== undefined)
  const anyFailed = tasks.some(({ ok }) => ok === false)
  const successes = tasks.map(({ lastSuccessMs }) => lastSuccessMs)
  const allSucceeded = successes.every((ms): ms is number => ms !== undefined)
  return {
    finishedOnce,
    ...((finishedOnce || anyFailed) && { up: !anyFailed }),
    ...(allSucceeded && { lastSuccessMs: Math.min(...(successes as number[])) }),
  }
}
