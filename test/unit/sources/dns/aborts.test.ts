import assert from 'node:assert/strict'
import { getEventListeners } from 'node:events'
import { test } from 'node:test'
import { Aborts } from '../../../../exporter/sources/dns/aborts.ts'

test('All who wait are told once, through one listener; those who left are not', () => {
  const aborts = new Aborts()
  const controller = new AbortController()
  const told: string[] = []
  for (const name of ['a', 'b']) aborts.add(controller.signal, () => told.push(name))
  const leave = aborts.add(controller.signal, () => told.push('c'))
  assert.equal(getEventListeners(controller.signal, 'abort').length, 1)
  leave()
  controller.abort()
  assert.deepEqual(told, ['a', 'b'])
})

test('A signal that nobody waits on any more has no listener', () => {
  const aborts = new Aborts()
  const { signal } = new AbortController()
  const leaves = [aborts.add(signal, () => {}), aborts.add(signal, () => {})]
  for (const leave of leaves) leave()
  assert.equal(getEventListeners(signal, 'abort').length, 0)
  aborts.add(signal, () => {})
  assert.equal(getEventListeners(signal, 'abort').length, 1)
})

test('A race gives the value, or the other one after an abort', async () => {
  const aborts = new Aborts()
  const controller = new AbortController()
  const never = new Promise<string>(() => {})
  assert.equal(await aborts.race(Promise.resolve('value'), controller.signal, 'instead'), 'value')
  const raced = aborts.race(never, controller.signal, 'instead')
  controller.abort()
  assert.equal(await raced, 'instead')
  assert.equal(await aborts.race(never, controller.signal, 'instead'), 'instead')
})
