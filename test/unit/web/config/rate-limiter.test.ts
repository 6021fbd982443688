import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseGoDuration } from '../../../../exporter/web/config/go-duration.ts'
import { RateLimiter } from '../../../../exporter/web/config/rate-limiter.ts'
import { TestClock } from '../../clock.ts'

test('a burst passes at once, then one request in each interval, and a rest fills the bucket no further than the burst', async () => {
  const clock = new TestClock()
  const limiter = new RateLimiter({ intervalMs: 1_000, burst: 3 }, clock)
  const passed = (count: number) => Array.from({ length: count }, () => limiter.allow()).filter(Boolean).length
  assert.equal(passed(10), 3)
  await clock.advance(999)
  assert.equal(passed(10), 0)
  await clock.advance(1)
  assert.equal(passed(10), 1)
  await clock.advance(2_500)
  assert.equal(passed(10), 2)
  await clock.advance(500)
  assert.equal(passed(10), 1)
  await clock.advance(3_600_000)
  assert.equal(passed(10), 3)
})

test('durations are read as Go writes them', () => {
  const wanted = {
    '0': 0,
    '1s': 1_000,
    '1.5h': 5_400_000,
    '1m30s': 90_000,
    '500ms': 500,
    '.5s': 500,
    '10us': 0.01,
    '+1s': 1_000,
  }
  for (const [text, ms] of Object.entries(wanted)) assert.equal(parseGoDuration(text), ms, text)
  for (const text of ['', '1', '1d', '-1s', '1 s', 's', '1s1', '٣s', 'Infinitys']) {
    assert.equal(parseGoDuration(text), undefined, text)
  }
})
