/** What the last runs of a collector's tasks came to. Pure: the runner sets metrics and logs from it. */
import type { Failure, FailureReason } from '../core/poll.ts'

export interface TaskOutcome {
  /** undefined until the first run ended */
  readonly ok?: boolean
  readonly lastSuccessMs?: number
  readonly failures: readonly Failure[]
  readonly streak?: Streak
}

/** The present row of failed runs. */
export interface Streak {
  readonly sinceMs: number
  readonly runs: number
  /** Reasons that it has had. */
  readonly reasons: readonly FailureReason[]
  /** Most failures of one run at the time of the last line in the log. */
  readonly told: number
}

export interface OutcomeStep {
  readonly next: TaskOutcome
  /** What is worth a line in the log: a streak's start, a reason new to it, twice as many failures, its end. */
  readonly tell?: 'failing' | 'recovered'
}

export const noOutcome: TaskOutcome = { failures: [] }

export function stepOutcome(previous: TaskOutcome, failures: readonly Failure[], nowMs: number): OutcomeStep {
  if (failures.length === 0) {
    const next = { ok: true, lastSuccessMs: nowMs, failures }
    return previous.streak === undefined ? { next } : { next, tell: 'recovered' }
  }
  const { streak } = previous
  const reasons = [...new Set([...(streak?.reasons ?? []), ...failures.map(({ reason }) => reason)])].sort()
  const news = reasons.length > (streak?.reasons.length ?? 0) || failures.length >= 2 * (streak?.told ?? 0)
  const next = {
    ok: false,
    ...(previous.lastSuccessMs !== undefined && { lastSuccessMs: previous.lastSuccessMs }),
    failures,
    streak: {
      sinceMs: streak?.sinceMs ?? nowMs,
      runs: (streak?.runs ?? 0) + 1,
      reasons,
      told: news ? Math.max(failures.length, streak?.told ?? 0) : (streak?.told ?? 0),
    },
  }
  return news ? { next, tell: 'failing' } : { next }
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
