/**
 * Runs one collector: its schedules, time-outs and overlap guard, and the same self metrics and log for all.
 * Collectors neither log failures nor time themselves.
 */

import type { Clock } from '../core/clock.ts'
import { messageOf } from '../core/errors.ts'
import { isoTime } from '../core/iso-time.ts'
import type { Failure } from '../core/poll.ts'
import type { Collector, ScheduledTask, ScheduleName, Scope, StreamTask, Task } from '../signals/signal.ts'
import type { Logger } from './log.ts'
import type { serviceMetrics } from './metrics.ts'
import { type CollectorOutcome, combineOutcomes, noOutcome, stepOutcome, type TaskOutcome } from './outcome.ts'
import { type TaskTrace, TaskTraces } from './run-trace.ts'
import type { StartTimer, Timer } from './schedule.ts'

export interface RunnerDeps {
  readonly clock: Clock
  /** With `cluster` and `collector` in it. */
  readonly log: Logger
  readonly scope: Scope<keyof typeof serviceMetrics>
  readonly startTimer: StartTimer
  cron(schedule: ScheduleName): string
  /** Shortest time between two runs of the schedule. */
  intervalMs(schedule: ScheduleName): number
}

/** A run that was aborted has this long to settle before it is called hung. */
const abortGraceMs = 1_000
const stopGraceMs = 2_000
const restartPauseMs = 1_000
const failuresTold = 5

export class Runner {
  readonly #collector: Collector
  readonly #deps: RunnerDeps
  readonly #outcomes = new Map<Task, TaskOutcome>()
  readonly #timers: Timer[] = []
  readonly #running = new Map<Task, Promise<void>>()
  /** Tasks whose runs are long: when, on the monotonic clock, the next may begin. */
  readonly #stretched = new Map<Task, number>()
  readonly #abort = new AbortController()
  readonly #traces = new Map<Task, TaskTraces>()
  /** Tasks whose last run threw, with what. */
  readonly #crashes = new Map<Task, string>()

  constructor(collector: Collector, deps: RunnerDeps) {
    this.#collector = collector
    this.#deps = deps
    for (const task of collector.tasks) {
      this.#outcomes.set(task, noOutcome)
      this.#traces.set(task, new TaskTraces(deps.clock, task))
    }
  }

  /** Starts each task at once, then by its schedule. */
  start(): void {
    for (const task of this.#collector.tasks) {
      if (task.kind === 'stream') this.#running.set(task, this.#stream(task))
      else this.#startScheduled(task)
    }
  }

  reloaded(): void {
    this.#collector.reloaded?.()
  }

  async stop(): Promise<void> {
    for (const timer of this.#timers) timer.stop()
    this.#abort.abort(new Error('the collector stops'))
    const settled = new AbortController()
    const grace = this.#deps.clock.sleep(stopGraceMs, settled.signal)
    await Promise.race([Promise.all(this.#running.values()), grace])
    settled.abort()
    await this.#collector.stop()
  }

  outcome(): CollectorOutcome {
    return combineOutcomes([...this.#outcomes.values()])
  }

  /** For /api/v1/status. */
  status(): object {
    const { up, lastSuccessMs } = this.outcome()
    const tasks = [...this.#outcomes].map(([{ name }, { failures, streak }]) => ({
      task: name,
      failing_since: isoTime(streak?.sinceMs),
      failures: failures.slice(0, failuresTold),
      failures_omitted: Math.max(0, failures.length - failuresTold),
    }))
    return { up: up ?? null, last_success: isoTime(lastSuccessMs), tasks, watched: this.#collector.status() }
  }

  /** For /debug/poll: each task's last run, and the last that failed. */
  traces(): readonly TaskTrace[] {
    return [...this.#traces.values()].map((traces) => traces.told())
  }

  #startScheduled(task: ScheduledTask): void {
    const tick = () => {
      if (this.#abort.signal.aborted) return
      if (this.#running.has(task)) {
        this.#deps.log.debug({ task: task.name }, 'run skipped: the one before is still going')
        return
      }
      if (this.#deps.clock.monotonic() < (this.#stretched.get(task) ?? 0)) return
      const run = this.#run(task).finally(() => this.#running.delete(task))
      this.#running.set(task, run)
    }
    tick()
    this.#timers.push(this.#deps.startTimer(this.#deps.cron(task.schedule), tick))
  }

  async #run(task: ScheduledTask): Promise<void> {
    const { clock, intervalMs, scope } = this.#deps
    const interval = intervalMs(task.schedule)
    const limitMs = task.timeoutMs(interval)
    const started = clock.monotonic()
    const first = this.#outcomes.get(task)?.ok === undefined
    const deadline = new AbortController()
    const signal = AbortSignal.any([this.#abort.signal, deadline.signal])
    const traces = this.#traces.get(task) ?? new TaskTraces(clock, task)
    const trace = traces.begin()
    const work = this.#guard(task, () => task.run({ signal, intervalMs: interval, first, trace }))
    const ended = new AbortController()
    const late = clock.sleep(limitMs, ended.signal).then(async () => {
      if (ended.signal.aborted) return []
      deadline.abort(new Error(`the run took longer than ${limitMs} ms`))
      await clock.sleep(abortGraceMs, ended.signal)
      return [{ reason: 'timeout' as const, message: `the run did not end within ${limitMs} ms` }]
    })
    const failures = await Promise.race([work, late])
    if (!this.#abort.signal.aborted) {
      scope.observe('elbchurn_collector_duration_seconds', {}, (clock.monotonic() - started) / 1_000)
      traces.ended(trace, failures, clock.monotonic() - started)
      this.#settle(task, failures)
      if (task.stretches === true) this.#stretch(task, started, interval)
    }
    // Until it has really ended, the schedule starts no second one beside it.
    await work
    ended.abort()
  }

  /** Told once when it begins and once when it is over. */
  #stretch(task: ScheduledTask, started: number, interval: number): void {
    const { clock, log } = this.#deps
    const took = clock.monotonic() - started
    const was = this.#stretched.has(task)
    const long = took > interval / 2
    if (long) this.#stretched.set(task, started + 2 * took)
    else this.#stretched.delete(task)
    const fields = { task: task.name, took_ms: Math.round(took), interval_ms: interval }
    if (long && !was) log.warn(fields, 'runs take over half of their interval and are made rarer')
    if (!long && was) log.info(fields, 'runs keep to their schedule again')
  }

  async #stream(task: StreamTask): Promise<void> {
    const { clock, scope } = this.#deps
    const { signal } = this.#abort
    const traces = this.#traces.get(task) ?? new TaskTraces(clock, task)
    const trace = traces.begin()
    const failed = (failure: Failure) => {
      if (signal.aborted) return
      traces.failed(failure)
      this.#settle(task, [failure])
    }
    const succeeded = (durationMs?: number) => {
      if (signal.aborted) return
      if (durationMs !== undefined) scope.observe('elbchurn_collector_duration_seconds', {}, durationMs / 1_000)
      this.#settle(task, [])
    }
    while (!signal.aborted) {
      const crash = await this.#guard(task, async () => {
        await task.run({ signal, trace, succeeded, failed })
        return []
      })
      for (const failure of crash) failed(failure)
      await clock.sleep(restartPauseMs, signal)
    }
  }

  #settle(task: Task, failures: readonly Failure[]): void {
    const { clock, scope } = this.#deps
    const { next, tell } = stepOutcome(this.#outcomes.get(task) ?? noOutcome, failures, clock.now())
    const previous = this.#outcomes.get(task)
    this.#outcomes.set(task, next)
    for (const { reason } of failures) scope.increment('elbchurn_collector_errors_total', { reason })
    this.#publish()
    if (tell === 'failing') this.#tellFailing(task, failures)
    if (tell === 'recovered') this.#tellRecovered(task, previous)
  }

  #publish(): void {
    const { up, lastSuccessMs } = this.outcome()
    this.#deps.scope.publish([
      ...(up === undefined ? [] : [{ metric: 'elbchurn_collector_up' as const, labels: {}, value: Number(up) }]),
      ...(lastSuccessMs === undefined
        ? []
        : [
            {
              metric: 'elbchurn_collector_last_success_timestamp_seconds' as const,
              labels: {},
              value: lastSuccessMs / 1_000,
            },
          ]),
    ])
  }

  #tellFailing({ name }: Task, failures: readonly Failure[]): void {
    const shown = failures.slice(0, failuresTold)
    this.#deps.log.warn(
      { task: name, reason: shown[0]?.reason, failures: failures.length, errors: shown.map(({ message }) => message) },
      'collector is failing; last values are kept until stale',
    )
  }

  #tellRecovered({ name }: Task, previous: TaskOutcome | undefined): void {
    const streak = previous?.streak
    const seconds = streak === undefined ? 0 : Math.round((this.#deps.clock.now() - streak.sinceMs) / 1_000)
    this.#deps.log.info({ task: name, failed_runs: streak?.runs ?? 0, seconds }, 'collector works again')
  }

  /** A throw of a collector is a fault of this program: logged with its stack, once in a row, and never fatal. */
  async #guard(task: Task, work: () => Promise<readonly Failure[]>): Promise<readonly Failure[]> {
    try {
      const failures = await work()
      this.#crashes.delete(task)
      return failures
    } catch (error) {
      const message = messageOf(error)
      if (this.#crashes.get(task) !== message) {
        this.#crashes.set(task, message)
        const stack = error instanceof Error ? error.stack : undefined
        this.#deps.log.error({ task: task.name, err: message, stack }, 'fault of this program: please report it')
      }
      return [{ reason: 'internal', message: `fault of this program: ${message}` }]
    }
  }
}
