import assert from 'node:assert/strict'
import { test } from 'node:test'
import { systemClock } from '../../../exporter/service/clock.ts'
import { createLogger } from '../../../exporter/service/log.ts'
import { cronTimers, intervalsOf } from '../../../exporter/service/schedule.ts'
import { stolenTime } from '../../stolen-time.ts'
import { until } from '../../until.ts'

/** How many ticks of every second there can be from here on, and must be: none while the machine had no CPU for us. */
function passing() {
  const beganMs = performance.now()
  const stolen = stolenTime()
  return {
    seconds: () => {
      const ms = performance.now() - beganMs
      return { least: Math.floor((ms - stolen.msSince(beganMs)) / 1_000), most: Math.floor(ms / 1_000) + 1 }
    },
    [Symbol.dispose]: () => stolen[Symbol.dispose](),
  }
}

test('the intervals of a schedule are its longest gap and its shortest', () => {
  const gaps = ['* * * * * *', '*/5 * * * * *', '*/7 * * * * *', '0 * * * * *', '0,10 * * * * *'].map(intervalsOf)
  assert.deepEqual(
    gaps.map(({ longestMs }) => longestMs),
    [1_000, 5_000, 7_000, 60_000, 50_000],
  )
  assert.deepEqual(
    gaps.map(({ shortestMs }) => shortestMs),
    [1_000, 5_000, 4_000, 60_000, 10_000],
  )
})

test('the interval of a schedule for some hours or days only is at least the time between them', () => {
  const found = ['*/5 * 8-17 * * *', '0 0 8 * * *', '*/5 * 8-17 * * 1-5', '0 */30 * * * 1-5'].map(intervalsOf)
  assert.deepEqual(
    found.map(({ longestMs }) => longestMs / 3_600_000),
    [15, 24, 72, 72],
  )
  assert.deepEqual(
    found.map(({ shortestMs }) => shortestMs / 1_000),
    [5, 86_400, 5, 1_800],
    'and a run is over before the next all the same',
  )
})

test('a timer ticks by its expression until it is stopped', async () => {
  let ticks = 0
  const log = createLogger('error', 'json')
  using passed = passing()
  const timer = cronTimers(log, systemClock)('* * * * * *', () => void ticks++)
  await new Promise((resolve) => setTimeout(resolve, 2_200))
  timer.stop()
  const seen = ticks
  const { least, most } = passed.seconds()
  assert.ok(seen >= least && seen <= most, `${seen} ticks, not ${least} to ${most}`)
  await new Promise((resolve) => setTimeout(resolve, 1_100))
  assert.equal(ticks, seen)
})

test('timers begin anew when the clock was set back, and still tick once each time until they are stopped', async () => {
  let ticks = 0
  let backMs = 0
  const told: unknown[] = []
  const log = createLogger('warn', 'json', { write: (line: string) => void told.push(JSON.parse(line)) })
  const clock = { ...systemClock, now: () => Date.now() - backMs }
  using passed = passing()
  const timer = cronTimers(log, clock)('* * * * * *', () => void ticks++)
  await new Promise((resolve) => setTimeout(resolve, 500))
  backMs = 3_600_000
  await new Promise((resolve) => setTimeout(resolve, 3_200))
  await until('the log tells of it', () => told.length > 0)
  timer.stop()
  const seen = ticks
  const { least, most } = passed.seconds()
  // One is left out where all begins anew.
  assert.ok(seen >= least - 1 && seen <= most, `${seen} ticks, not ${least - 1} to ${most}`)
  assert.deepEqual(
    told.map((line) => [Reflect.get(line as object, 'seconds'), Reflect.get(line as object, 'msg')]),
    [[3_600, 'the clock was set back: schedules begin anew']],
  )
  await new Promise((resolve) => setTimeout(resolve, 1_100))
  assert.equal(ticks, seen)
})
