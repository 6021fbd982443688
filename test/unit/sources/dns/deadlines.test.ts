import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Deadlines } from '../../../../exporter/sources/dns/deadlines.ts'
import { settle, TestClock } from '../../clock.ts'

function setUp() {
  const clock = new TestClock(0)
  const controller = new AbortController()
  const deadlines = new Deadlines(clock, controller.signal)
  const expired: string[] = []
  const add = (name: string, afterMs: number) => {
    const entry = {
      deadline: clock.monotonic() + afterMs,
      expire() {
        expired.push(name)
      },
    }
    deadlines.add(entry)
    return entry
  }
  return { clock, controller, deadlines, expired, add }
}

test('Each entry expires when it is due, and not before', async () => {
  const { clock, expired, add } = setUp()
  add('a', 100)
  await clock.advance(60)
  add('b', 100)
  await clock.advance(39)
  assert.deepEqual(expired, [])
  await clock.advance(1)
  assert.deepEqual(expired, ['a'])
  await clock.advance(60)
  assert.deepEqual(expired, ['a', 'b'])
})

test('What is settled does not expire, and the wait begins anew after everything was', async () => {
  const { clock, deadlines, expired, add } = setUp()
  deadlines.remove(add('a', 100))
  add('b', 100)
  await clock.advance(100)
  assert.deepEqual(expired, ['b'])
  await clock.advance(1_000)
  add('c', 100)
  await clock.advance(100)
  assert.deepEqual(expired, ['b', 'c'])
})

test('Nothing expires after the end', async () => {
  const { clock, controller, expired, add } = setUp()
  add('a', 100)
  controller.abort()
  await settle()
  await clock.advance(1_000)
  assert.deepEqual(expired, [])
})
