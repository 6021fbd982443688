/** What the runs of a task asked, got and decided: the last run and the last that failed, bounded however large they are. */
import type { Clock } from '../core/clock.ts'
import { isoTime } from '../core/iso-time.ts'
import type { Failure } from '../core/poll.ts'
import type { Exchange, Task, Trace } from '../signals/signal.ts'
import { redactText } from './config/redact.ts'

/** Exchanges kept of one run, good and failed ones each: of a thousand names that fail the rest would say the same. */
const exchangesKept = 100
const failuresKept = 20
const linesKept = 40
const charactersKept = 500

/** JSON-safe, for /debug/poll. */
export interface TaskTrace {
  readonly task: string
  readonly kind: Task['kind']
  readonly last: RunRecord | null
  readonly last_failed: RunRecord | null
}

export interface RunRecord {
  readonly started: string | null
  /** null for a watch, which does not end. */
  readonly milliseconds: number | null
  readonly failures: readonly Failure[]
  readonly failures_omitted: number
  /** In the order in which they ended. */
  readonly exchanges: readonly TimedExchange[]
  readonly exchanges_omitted: number
}

export interface TimedExchange extends Exchange {
  readonly at: string | null
  readonly failed: boolean
}

/** Of one run. A query that outlives its run still notes what came of it here. */
class RunTrace implements Trace {
  readonly #clock: Clock
  readonly #startedMs: number
  /** A run keeps its first exchanges, a watch its last. */
  readonly #keep: 'first' | 'last'
  #exchanges: TimedExchange[] = []
  readonly #kept = { good: 0, failed: 0 }
  #omitted = 0

  constructor(clock: Clock, keep: 'first' | 'last') {
    this.#clock = clock
    this.#startedMs = clock.now()
    this.#keep = keep
  }

  note(outcome: 'good' | 'failed', tell: () => Exchange): void {
    if (this.#kept[outcome] >= exchangesKept) {
      this.#omitted += 1
      if (this.#keep === 'first') return
      this.#forgetOldest(outcome)
    }
    this.#kept[outcome] += 1
    const { asked, came, decided } = tell()
    this.#exchanges.push({
      at: isoTime(this.#clock.now()),
      failed: outcome === 'failed',
      asked: shown(asked),
      came:
        came.length > linesKept
          ? [...came.slice(0, linesKept).map(shown), `and ${came.length - linesKept} more`]
          : came.map(shown),
      decided: shown(decided),
    })
  }

  record(failures: readonly Failure[], tookMs: number | undefined): RunRecord {
    return {
      started: isoTime(this.#startedMs),
      milliseconds: tookMs === undefined ? null : Math.round(tookMs),
      failures: failures.slice(0, failuresKept).map(({ reason, message }) => ({ reason, message: shown(message) })),
      failures_omitted: Math.max(0, failures.length - failuresKept),
      exchanges: [...this.#exchanges],
      exchanges_omitted: this.#omitted,
    }
  }

  #forgetOldest(outcome: 'good' | 'failed'): void {
    const oldest = this.#exchanges.findIndex(({ failed }) => failed === (outcome === 'failed'))
    this.#exchanges.splice(oldest, 1)
    this.#kept[outcome] -= 1
  }
}

interface EndedRun {
  readonly trace: RunTrace
  readonly failures: readonly Failure[]
  readonly tookMs: number
}

/** Of one task over its runs. */
export class TaskTraces {
  readonly #clock: Clock
  readonly #task: Task
  readonly #watching: RunTrace | undefined
  #last: EndedRun | undefined
  #lastFailed: EndedRun | RunRecord | undefined

  constructor(clock: Clock, task: Task) {
    this.#clock = clock
    this.#task = task
    if (task.kind === 'stream') this.#watching = new RunTrace(clock, 'last')
  }

  /** For the context of a run; a stream has one for its life. */
  begin(): RunTrace {
    return this.#watching ?? new RunTrace(this.#clock, 'first')
  }

  ended(trace: RunTrace, failures: readonly Failure[], tookMs: number): void {
    this.#last = { trace, failures, tookMs }
    if (failures.length > 0) this.#lastFailed = this.#last
  }

  /** What led to the failure of a stream is written down now: the stream goes on. */
  failed(failure: Failure): void {
    this.#lastFailed = this.#watching?.record([failure], undefined)
  }

  told(): TaskTrace {
    const { name, kind } = this.#task
    const last = this.#watching?.record([], undefined) ?? recordOf(this.#last)
    return { task: name, kind, last, last_failed: recordOf(this.#lastFailed) }
  }
}

export type { RunTrace }

function recordOf(run: EndedRun | RunRecord | undefined): RunRecord | null {
  if (run === undefined) return null
  return 'trace' in run ? run.trace.record(run.failures, run.tookMs) : run
}

/**
 * Some of it comes from outside, and a password that somebody wrote into a URL stands in what was asked: it is taken out
 * before the cut, after which it might not be known as one.
 */
function shown(text: string): string {
  const redacted = redactText(text)
  return redacted.length > charactersKept ? `${redacted.slice(0, charactersKept)}…` : redacted
}
