import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { countByAddress, isStalled, tally } from '../../../../exporter/signals/connections/stalls.ts'

function connection(timer: number, unacknowledged: number, retransmissions: number, address = '10.0.0.1') {
  return { address, timer, unacknowledged, retransmissions }
}

describe('a connection', () => {
  it('is stalled once data was sent again three times in vain', () => {
    assert.equal(isStalled(connection(1, 10, 3)), true)
    assert.equal(isStalled(connection(1, 10, 15)), true)
  })

  it('is not stalled by a hiccup of a second, a zero window, a keepalive that goes unanswered, or silence', () => {
    assert.equal(isStalled(connection(1, 10, 2)), false)
    assert.equal(isStalled(connection(4, 10, 9)), false)
    assert.equal(isStalled(connection(2, 0, 3)), false)
    assert.equal(isStalled(connection(0, 0, 0)), false)
    assert.equal(isStalled(connection(1, 0, 3)), false)
  })
})

describe('the count', () => {
  it('is by state of the address, and leaves out addresses that are not in sight', () => {
    const counts = countByAddress([
      connection(0, 0, 0),
      connection(1, 10, 4),
      connection(1, 10, 4, '10.0.0.2'),
      connection(1, 10, 4, '10.0.0.9'),
    ])
    const book = { active: ['10.0.0.1'], retired: [{ address: '10.0.0.2', atMs: 0 }] }
    assert.deepEqual(tally(book, counts), { active: { open: 2, stalled: 1 }, retired: { open: 1, stalled: 1 } })
  })

  it('is of each connection once, and never has more stalled than open', () => {
    const some = fc.record({
      address: fc.constantFrom('a', 'b', 'c', 'd'),
      timer: fc.nat(4),
      unacknowledged: fc.nat(2),
      retransmissions: fc.nat(5),
    })
    fc.assert(
      fc.property(fc.array(some), (connections) => {
        const book = { active: ['a', 'b'], retired: [{ address: 'c', atMs: 0 }] }
        const { active, retired } = tally(book, countByAddress(connections))
        assert.equal(active.open + retired.open, connections.filter(({ address }) => address !== 'd').length)
        assert.ok(active.stalled <= active.open && retired.stalled <= retired.open)
      }),
    )
  })
})
