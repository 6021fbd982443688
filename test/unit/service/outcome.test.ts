import assert from 'node:assert/strict'
import { test } from 'node:test'
import { combineOutcomes, noOutcome, stepOutcome } from '../../../exporter/service/outcome.ts'

const timeout = { reason: 'timeout', message: 'a' } as const
const denied = { reason: 'denied', message: 'b' } as const

test('a streak of failures is told at its start, when a new reason joins and at its end', () => {
  const told: (string | undefined)[] = []
  let outcome = noOutcome
  for (const failures of [[], [timeout], [timeout], [denied], [timeout], [denied], [], []]) {
    const step = stepOutcome(outcome, failures, 1)
    outcome = step.next
    told.push(step.tell)
  }
  assert.deepEqual(told, [undefined, 'failing', undefined, 'failing', undefined, undefined, 'recovered', undefined])
})

test('a streak that spreads to twice as many targets is told again, one that wavers is not', () => {
  let outcome = noOutcome
  const told = [1, 2, 1, 2, 3, 4, 7, 4, 8].filter((count) => {
    const step = stepOutcome(outcome, Array(count).fill(timeout), 1)
    outcome = step.next
    return step.tell === 'failing'
  })
  assert.deepEqual(told, [1, 2, 4, 8])
})

test('a streak keeps when it began and counts its runs', () => {
  const one = stepOutcome(noOutcome, [timeout], 10).next
  const two = stepOutcome(one, [denied], 20).next
  assert.deepEqual(two.streak, { sinceMs: 10, runs: 2, reasons: ['denied', 'timeout'], told: 1 })
  assert.equal(stepOutcome(two, [], 30).next.streak, undefined)
})

test('the last success outlives failures', () => {
  const good = stepOutcome(noOutcome, [], 10).next
  assert.equal(stepOutcome(good, [timeout], 20).next.lastSuccessMs, 10)
})

test('a collector is up when all its tasks worked, and has finished once when each has ended', () => {
  const good = stepOutcome(noOutcome, [], 10).next
  const later = stepOutcome(noOutcome, [], 20).next
  const bad = stepOutcome(noOutcome, [timeout], 20).next
  assert.deepEqual(combineOutcomes([noOutcome, good]), { finishedOnce: false })
  assert.deepEqual(combineOutcomes([noOutcome, bad]), { finishedOnce: false, up: false })
  assert.deepEqual(combineOutcomes([good, bad]), { finishedOnce: true, up: false })
  assert.deepEqual(combineOutcomes([good, later]), { finishedOnce: true, up: true, lastSuccessMs: 10 })
})
