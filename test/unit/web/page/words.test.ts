import assert from 'node:assert/strict'
import { test } from 'node:test'
import { clockTime, duration, percent, plural } from '../../../../exporter/web/page/words.ts'

test('a duration is told in two units at most', () => {
  const told = [-5_000, 0, 999, 12_000, 60_000, 190_000, 3_600_000, 7_500_000, 90_000_000].map(duration)
  assert.deepEqual(told, ['0 s', '0 s', '0 s', '12 s', '1 min', '3 min 10 s', '1 h', '2 h 5 min', '1 d 1 h'])
})

test('what is not quite nothing or all is not called so', () => {
  assert.deepEqual([0, 0.001, 0.17, 0.5, 0.999, 1].map(percent), [
    '0 %',
    'under 1 %',
    '17 %',
    '50 %',
    'over 99 %',
    '100 %',
  ])
})

test('a time of another day says so', () => {
  const now = Date.UTC(2026, 0, 2, 3)
  assert.equal(clockTime(now - 60_000, now), '02:59:00')
  assert.equal(clockTime(now - 86_400_000, now), '2026-01-01 03:00:00')
})

test('one is not many', () => {
  assert.deepEqual(
    [plural(1, 'node'), plural(2, 'node'), plural(0, 'address', 'addresses')],
    ['1 node', '2 nodes', '0 addresses'],
  )
})
