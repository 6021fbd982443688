import assert from 'node:assert/strict'
import { test } from 'node:test'
import { View } from '../../../exporter/core/view.ts'
import { TestClock } from '../clock.ts'

const never = new AbortController().signal

test('a view is unknown until it is told, and what was told stays until it is withdrawn', () => {
  const view = new View<string>()
  assert.equal(view.value, undefined)
  view.tell('a')
  assert.equal(view.value, 'a')
  view.withdraw('a')
  assert.equal(view.value, undefined)
})

test('one that withdraws late does not take away what another has told since', () => {
  const view = new View<object>()
  const [old, young] = [{}, {}]
  view.tell(old)
  view.tell(young)
  view.withdraw(old)
  assert.equal(view.value, young)
})

test('a reader that waits gets the value when it is told', async () => {
  const view = new View<number>()
  const reading = view.within(1_000, new TestClock(), never)
  view.tell(7)
  assert.equal(await reading, 7)
})

test('a reader waits again after a withdrawal, and no longer than it was told', async () => {
  const view = new View<string>()
  const clock = new TestClock()
  view.tell('x')
  view.withdraw('x')
  let read: string | undefined = 'nothing yet'
  const reading = view.within(1_000, clock, never).then((value) => {
    read = value
  })
  await clock.advance(999)
  assert.equal(read, 'nothing yet')
  await clock.advance(1)
  await reading
  assert.equal(read, undefined)
})

test('an abort ends the wait', async () => {
  const abort = new AbortController()
  const reading = new View<number>().within(1_000, new TestClock(), abort.signal)
  abort.abort()
  assert.equal(await reading, undefined)
})

test('who listens hears of each value at once, and of its withdrawal', () => {
  const view = new View<object>()
  const heard: unknown[] = []
  view.listen((value) => heard.push(value))
  const [old, young] = [{ n: 1 }, { n: 2 }]
  view.tell(old)
  view.tell(young)
  view.withdraw(old)
  view.withdraw(young)
  assert.deepEqual(heard, [old, young, undefined])
})
