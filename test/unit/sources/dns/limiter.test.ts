import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Limiter } from '../../../../exporter/sources/dns/limiter.ts'

test('Places are given up to both bounds, and the wait is in order of arrival', async () => {
  const limiter = new Limiter({ total: 3, perServer: 2, waiting: 2 })
  assert.deepEqual(
    ['a', 'a', 'a', 'b', 'b'].map((server) => limiter.tryAcquire(server)),
    [true, true, false, true, false],
  )
  const order: string[] = []
  const wait = (server: string, name: string) => limiter.enqueue(server)?.turn.then(() => order.push(name))
  const waits = [wait('a', 'first'), wait('a', 'second')]
  assert.equal(limiter.enqueue('b'), undefined)
  limiter.release('b')
  limiter.release('a')
  limiter.release('a')
  await Promise.all(waits)
  assert.deepEqual(order, ['first', 'second'])
})

test('Who leaves the queue, or leaves just as the turn came, blocks nobody', async () => {
  const limiter = new Limiter({ total: 1, perServer: 1, waiting: 9 })
  assert.ok(limiter.tryAcquire('a'))
  const impatient = limiter.enqueue('a')
  const late = limiter.enqueue('a')
  const last = limiter.enqueue('b')
  impatient?.leave()
  limiter.release('a')
  late?.leave()
  await last?.turn
  limiter.release('b')
  assert.ok(limiter.tryAcquire('a'))
})

test('However they are used, the bounds hold and no place is lost', () => {
  const action = fc.record({ server: fc.constantFrom('a', 'b', 'c'), gives: fc.boolean() })
  fc.assert(
    fc.property(fc.array(action, { maxLength: 100 }), (actions) => {
      const limiter = new Limiter({ total: 4, perServer: 2, waiting: 0 })
      const held: string[] = []
      for (const { server, gives } of actions) {
        const index = held.indexOf(server)
        if (gives && index !== -1) {
          held.splice(index, 1)
          limiter.release(server)
        } else if (!gives) {
          const room = held.length < 4 && held.filter((name) => name === server).length < 2
          assert.equal(limiter.tryAcquire(server), room)
          if (room) held.push(server)
        }
      }
    }),
  )
})
