import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createLogger } from '../../../exporter/service/log.ts'
import { cronTimers, longestInterval } from '../../../exporter/service/schedule.ts'

test('the interval of a schedule is its longest gap', () => {
  const gaps = ['* * * * * *', '*/5 * * * * *', '*/7 * * * * *', '0 * * * * *', '0,10 * * * * *'].map(longestInterval)
  assert.deepEqual(gaps, [1_000, 5_000, 7_000, 60_000, 50_000])
})

test('a timer ticks by its expression until it is stopped', async () => {
  let ticks = 0
  const log = createLogger('error', 'json')
  const timer = cronTimers(log)('* * * * * *', () => void ticks++)
  await new Promise((resolve) => setTimeout(resolve, 2_200))
  timer.stop()
  const seen = ticks
  assert.ok(seen >= 2 && seen <= 3, String(seen))
  await new Promise((resolve) => setTimeout(resolve, 1_100))
  assert.equal(ticks, seen)
})
