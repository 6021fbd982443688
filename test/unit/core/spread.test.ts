import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { spread, spreadWindow } from '../../../exporter/core/spread.ts'

test('Queries are spread over what a dead resolver leaves of the interval, a fifth at least and four fifths at most', () => {
  assert.equal(spreadWindow(5_000, 4_000), 1_000)
  assert.equal(spreadWindow(1_000, 4_000), 200)
  assert.equal(spreadWindow(10_000, 4_000), 6_000)
  assert.equal(spreadWindow(60_000, 4_000), 48_000)
})

test('Without a window everything goes at once', () => {
  assert.deepEqual(spread(['a', 'b'], 0), [{ atMs: 0, items: ['a', 'b'] }])
})

test('Each item comes once, in order, evenly, inside the window', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 3000 }), fc.integer({ min: 0, max: 60_000 }), (count, windowMs) => {
      const items = Array.from({ length: count }, (_, index) => index)
      const batches = spread(items, windowMs)
      assert.deepEqual(
        batches.flatMap((batch) => batch.items),
        items,
      )
      const sizes = batches.map((batch) => batch.items.length)
      assert.ok(Math.max(...sizes) - Math.min(...sizes) <= 1)
      for (const [index, { atMs }] of batches.entries()) {
        assert.ok(atMs >= 0 && atMs <= windowMs)
        assert.ok(index === 0 || atMs - (batches[index - 1]?.atMs ?? 0) >= 19.99)
      }
    }),
  )
})

test('the window leaves time for a dead resolver where the interval has it', () => {
  const windows = [30_000, 10_000, 5_000, 1_000].map((intervalMs) => spreadWindow(intervalMs, 4_000))
  assert.deepEqual(windows, [24_000, 6_000, 1_000, 200])
})
