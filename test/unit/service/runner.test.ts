import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Failure } from '../../../exporter/core/poll.ts'
import { createMetricStore } from '../../../exporter/metrics/store.ts'
import { createLogger } from '../../../exporter/service/log.ts'
import { serviceMetrics } from '../../../exporter/service/metrics.ts'
import { Runner } from '../../../exporter/service/runner.ts'
import type { RunContext, Task } from '../../../exporter/signals/signal.ts'
import { settle, TestClock } from '../clock.ts'

const timeout: Failure = { reason: 'timeout', message: 'no answer from 127.0.0.1:53' }

function setUp(...tasks: Task[]) {
  const clock = new TestClock()
  const metrics = createMetricStore({ tables: [serviceMetrics], clock })
  const lines: Record<string, unknown>[] = []
  const ticks: (() => void)[] = []
  let stopped = 0
  const runner = new Runner(
    { tasks, status: () => ({ seen: 1 }), stop: async () => void stopped++ },
    {
      clock,
      log: createLogger('info', 'json', { write: (line) => void lines.push(JSON.parse(line)) }),
      scope: metrics.owner('x', { cluster: 'c', collector: 'dns' }).scope('run', Number.POSITIVE_INFINITY),
      startTimer: (_cron, tick) => {
        ticks.push(tick)
        return { stop: () => undefined }
      },
      cron: () => '*/5 * * * * *',
      intervalMs: () => 5_000,
    },
  )
  const value = async (name: string) => {
    const text = await metrics.render()
    return text
      .split('\n')
      .filter((line) => line.startsWith(`elbchurn_${name}{`) || line.startsWith(`elbchurn_${name}_count`))
  }
  const tickAll = () => {
    for (const tick of ticks) tick()
  }
  return { clock, runner, lines, tick: tickAll, value, stopped: () => stopped }
}

function scheduled(run: (context: RunContext) => Promise<readonly Failure[]>): Task {
  return { kind: 'scheduled', name: 'answers', schedule: 'dns', timeoutMs: () => 4_000, run }
}

/** A task whose long runs make the next ones rarer. */
function stretching(work: () => Promise<void>): Task {
  const run = async () => {
    await work()
    return []
  }
  return { kind: 'scheduled', name: 'leases', schedule: 'heartbeats', stretches: true, timeoutMs: () => 30_000, run }
}

test('a task runs at once and then by its schedule, and the first run is told so', async () => {
  const firsts: boolean[] = []
  const { runner, tick } = setUp(
    scheduled(async ({ first, intervalMs }) => {
      firsts.push(first)
      assert.equal(intervalMs, 5_000)
      return []
    }),
  )
  runner.start()
  await settle()
  tick()
  await settle()
  assert.deepEqual(firsts, [true, false])
  await runner.stop()
})

test('success and failure show in up, last success, errors and duration', async () => {
  let failures: Failure[] = []
  const { runner, tick, value } = setUp(scheduled(async () => failures))
  assert.deepEqual(await value('collector_up'), [])
  runner.start()
  await settle()
  const up = 'elbchurn_collector_up{cluster="c",collector="dns"}'
  assert.deepEqual(await value('collector_up'), [`${up} 1`])
  const success = await value('collector_last_success_timestamp_seconds')
  assert.equal(success.length, 1)
  failures = [timeout, timeout]
  tick()
  await settle()
  assert.deepEqual(await value('collector_up'), [`${up} 0`])
  assert.deepEqual(await value('collector_errors_total'), [
    'elbchurn_collector_errors_total{cluster="c",collector="dns",reason="timeout"} 2',
  ])
  assert.deepEqual(await value('collector_last_success_timestamp_seconds'), success)
  assert.deepEqual(await value('collector_duration_seconds'), [
    'elbchurn_collector_duration_seconds_count{cluster="c",collector="dns"} 2',
  ])
  await runner.stop()
})

test('a run that is still going is not run twice', async () => {
  let going = 0
  let most = 0
  const release: (() => void)[] = []
  const { runner, tick } = setUp(
    scheduled(async () => {
      most = Math.max(most, ++going)
      await new Promise<void>((resolve) => release.push(resolve))
      going--
      return []
    }),
  )
  runner.start()
  await settle()
  tick()
  tick()
  await settle()
  assert.deepEqual([most, release.length], [1, 1])
  release[0]?.()
  await settle()
  tick()
  await settle()
  assert.equal(release.length, 2)
  for (const go of release) go()
  await runner.stop()
})

test('a run over its time is aborted; one that ignores the abort counts as timed out and blocks no stop', async () => {
  let aborted = false
  const { clock, runner, value } = setUp(
    scheduled(
      ({ signal }) =>
        new Promise(() => {
          signal.addEventListener('abort', () => {
            aborted = true
          })
        }),
    ),
  )
  runner.start()
  await clock.advance(3_999)
  assert.equal(aborted, false)
  await clock.advance(1)
  assert.equal(aborted, true)
  await clock.advance(1_000)
  assert.match((await value('collector_errors_total')).join(), /reason="timeout"\} 1/)
  const stop = runner.stop()
  await clock.advance(2_000)
  await stop
})

test('a run that ignores its abort is not run a second time beside itself, also once it is called hung', async () => {
  let runs = 0
  const { clock, runner, tick } = setUp(scheduled(() => new Promise(() => void runs++)))
  runner.start()
  await clock.advance(5_000)
  tick()
  await clock.advance(5_000)
  tick()
  await settle()
  assert.equal(runs, 1)
  const stop = runner.stop()
  await clock.advance(2_000)
  await stop
})

test('a collector that throws fails as internal and is told, and runs again', async () => {
  let runs = 0
  const { runner, tick, value, lines } = setUp(
    scheduled(async () => {
      runs++
      throw new Error('no such thing')
    }),
  )
  runner.start()
  await settle()
  tick()
  await settle()
  assert.equal(runs, 2)
  assert.match((await value('collector_errors_total')).join(), /reason="internal"\} 2/)
  assert.deepEqual(
    lines.map(({ level, msg }) => [level, msg]),
    [
      ['error', 'fault of this program: please report it'],
      ['warn', 'collector is failing; last values are kept until stale'],
    ],
    'once in a row',
  )
  assert.match(String(lines[0]?.stack), /no such thing\n +at .*runner\.test\.ts/)
  await runner.stop()
})

test('a row of failures is one line in the log, and its end another', async () => {
  let failures: Failure[] = [timeout]
  const { clock, runner, tick, lines } = setUp(scheduled(async () => failures))
  runner.start()
  await settle()
  for (let run = 0; run < 3; run++) {
    await clock.advance(5_000)
    tick()
    await settle()
  }
  failures = []
  await clock.advance(5_000)
  tick()
  await settle()
  assert.deepEqual(
    lines.map(({ msg, failed_runs, seconds }) => [msg, failed_runs, seconds]),
    [
      ['collector is failing; last values are kept until stale', undefined, undefined],
      ['collector works again', 4, 20],
    ],
  )
  await runner.stop()
})

test('a stream that ends or throws is started anew after a pause, and its reports count like runs', async () => {
  let starts = 0
  const { clock, runner, value } = setUp({
    kind: 'stream',
    name: 'watch',
    run: async ({ succeeded, failed }) => {
      starts++
      if (starts === 1) return failed(timeout)
      if (starts === 2) throw new Error('broken')
      succeeded(250)
      await new Promise(() => undefined)
    },
  })
  runner.start()
  await settle()
  assert.equal(runner.outcome().up, false)
  await clock.advance(1_000)
  await clock.advance(1_000)
  assert.equal(starts, 3)
  assert.equal(runner.outcome().up, true)
  assert.deepEqual(await value('collector_duration_seconds'), [
    'elbchurn_collector_duration_seconds_count{cluster="c",collector="dns"} 1',
  ])
  const stop = runner.stop()
  await clock.advance(2_000)
  await stop
})

test('a stop aborts what runs, and nothing is counted after it', async () => {
  const { runner, value, stopped } = setUp(
    scheduled(
      ({ signal }) =>
        new Promise((resolve) => {
          signal.addEventListener('abort', () => resolve([timeout]))
        }),
    ),
  )
  runner.start()
  await settle()
  await runner.stop()
  assert.equal(stopped(), 1)
  assert.deepEqual(await value('collector_errors_total'), [])
})

test('a task that stretches keeps to its schedule while its runs take half of the interval, and not when more', async () => {
  for (const [tookMs, runsWanted] of [
    [2_500, 3],
    [2_600, 2],
  ] as const) {
    let runs = 0
    const task = stretching(async () => {
      runs += 1
      await clock.sleep(tookMs)
    })
    const { clock, runner, tick } = setUp(task)
    runner.start()
    for (let turn = 0; turn < 2; turn += 1) {
      await clock.advance(5_000)
      tick()
      await settle()
    }
    assert.equal(runs, runsWanted, `${tookMs} ms`)
    await clock.advance(3_000)
    await runner.stop()
  }
})

test('a task that stretches runs more rarely while its runs take over half of the interval, and says so once', async () => {
  let tookMs = 6_000
  let runs = 0
  const task = stretching(async () => {
    runs += 1
    await clock.sleep(tookMs)
  })
  const { clock, runner, lines, tick } = setUp(task)
  runner.start()
  const turn = async () => {
    await clock.advance(5_000)
    tick()
  }
  await turn() // at 5 s: still going
  await turn() // at 10 s: 6 s were taken, 12 are to pass
  assert.equal(runs, 1)
  await turn()
  assert.equal(runs, 2)
  tookMs = 100
  for (let count = 0; count < 5; count += 1) await turn()
  assert.equal(runs, 2 + 3) // at 30, 35 and 40 s
  assert.deepEqual(
    lines.map(({ msg, took_ms }) => [msg, took_ms]),
    [
      ['runs take over half of their interval and are made rarer', 6_000],
      ['runs keep to their schedule again', 100],
    ],
  )
  await clock.advance(1_000)
  await runner.stop()
})
