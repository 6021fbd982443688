import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { historyMs, RatioHistory } from '../../../exporter/service/ratio-history.ts'

const startMs = Date.UTC(2026, 0, 1)

function told(steps: readonly (readonly [seconds: number, notReady: number | undefined])[], expected = 10) {
  const history = new RatioHistory()
  let nowMs = startMs
  for (const [seconds, notReady] of steps) {
    nowMs = startMs + seconds * 1_000
    history.note(notReady === undefined ? undefined : { expected, notReady }, nowMs)
  }
  return history
    .list(nowMs)
    .map(({ fromMs, toMs, ratio }) => [(fromMs - startMs) / 1_000, (toMs - startMs) / 1_000, ratio])
}

test('what stays the same is one stretch, and each change begins another', () => {
  const quiet = [0, 1, 2, 3, 4, 5].map((second) => [second, 0] as const)
  assert.deepEqual(told([...quiet, [6, 5], [7, 5], [12, 5], [13, 0]]), [
    [0, 6, 0],
    [6, 13, 0.5],
    [13, 13, 0],
  ])
})

test('a flap that is shorter than a stretch can be is kept at its height', () => {
  assert.deepEqual(
    told([
      [0, 0],
      [4, 0],
      [5, 5],
      [6, 0],
      [10, 0],
      [11, 0],
    ]),
    [
      [0, 5, 0],
      [5, 10, 0.5],
      [10, 11, 0],
    ],
  )
})

test('while nobody knows the ratio there is a gap, told or not', () => {
  assert.deepEqual(
    told([
      [0, 1],
      [5, 1],
      [60, 1],
      [61, undefined],
      [62, 1],
      [63, 1],
    ]),
    [
      [0, 5, 0.1],
      [60, 60, 0.1],
      [62, 63, 0.1],
    ],
  )
})

test('a cluster without nodes that should be ready has no ratio', () => {
  assert.deepEqual(
    told(
      [
        [0, 0],
        [1, 0],
      ],
      0,
    ),
    [],
  )
})

test('whatever is told, the stretches are few, in order, within the hour, and never lower than the truth', () => {
  const step = fc.record({ waitMs: fc.integer({ min: 1, max: 20_000 }), notReady: fc.integer({ min: 0, max: 7 }) })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 3_000 }), (steps) => {
      const history = new RatioHistory()
      let nowMs = startMs
      for (const { waitMs, notReady } of steps) {
        nowMs += waitMs
        history.note({ expected: 7, notReady }, nowMs)
        assert.ok((history.list(nowMs).at(-1)?.ratio ?? -1) >= notReady / 7)
      }
      const list = history.list(nowMs)
      assert.ok(list.length <= 900)
      for (const [index, { fromMs, toMs }] of list.entries()) {
        assert.ok(fromMs <= toMs && toMs <= nowMs && nowMs - toMs < historyMs)
        assert.ok(fromMs >= (list[index - 1]?.toMs ?? 0))
      }
    }),
    { numRuns: 30 },
  )
})

test('a clock that is set back leaves nothing in the future', () => {
  const history = new RatioHistory()
  history.note({ expected: 2, notReady: 1 }, startMs + 100_000)
  history.note({ expected: 2, notReady: 0 }, startMs)
  assert.deepEqual(history.list(startMs), [{ fromMs: startMs, toMs: startMs, ratio: 0 }])
})
