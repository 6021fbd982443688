import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import type { Observation } from '../../../../exporter/core/membership.ts'
import { failed, good, type Poll } from '../../../../exporter/core/poll.ts'
import {
  type AddressBook,
  activeAddresses,
  emptyBook,
  inSight,
  lasting,
  retiredLimit,
  step,
  withOwned,
  withZones,
} from '../../../../exporter/signals/elb/addresses.ts'

const retentionMs = 1_000

function seen(atMs: number, members: readonly string[], complete = true): Poll<Observation> {
  return good(atMs, { members, complete })
}

const placed = (...addresses: string[]) => addresses.map((address) => ({ address, zone: '' }))

function walk(book: AddressBook, polls: readonly Poll<Observation>[]) {
  const added: string[] = []
  const removed: string[] = []
  let next = book
  for (const poll of polls) {
    const taken = step(next, poll, poll.atMs, retentionMs)
    next = taken.next
    added.push(...taken.added)
    removed.push(...taken.removed)
  }
  return { book: next, added, removed }
}

function states(book: AddressBook, interfaces?: readonly string[]): string[] {
  return inSight(book, interfaces).map(({ address, state, zone }) => `${address} ${state}${zone && ` ${zone}`}`)
}

describe('the addresses of a load balancer', () => {
  it('begin with the first good answer, which is no change', () => {
    const { book, added, removed } = walk(emptyBook, [failed(1, 'timeout', 'slow'), seen(2, ['a', 'b'])])
    assert.deepEqual([activeAddresses(book), added, removed], [['a', 'b'], [], []])
    assert.equal(book.lastAddedMs, undefined)
    assert.equal(book.lastRemovedMs, undefined)
  })

  it('of a new load balancer whose name is empty at first begin with the first that come, which is no change', () => {
    const { book, added, removed } = walk(emptyBook, [seen(1, []), seen(2, []), seen(3, ['a', 'b'])])
    assert.deepEqual([activeAddresses(book), added, removed], [['a', 'b'], [], []])
    assert.equal(book.lastAddedMs, undefined)
    const gone = walk(book, [seen(4, []), seen(5, []), seen(6, []), seen(7, ['c'])])
    assert.deepEqual([gone.added, gone.removed], [['c'], ['a', 'b']])
  })

  it('tell who came and who left, and when', () => {
    const { book, added, removed } = walk(emptyBook, [
      seen(1, ['a', 'b']),
      seen(2, ['b', 'c']),
      seen(3, ['b', 'c', 'd']),
    ])
    assert.deepEqual([added, removed], [['c', 'd'], ['a']])
    assert.deepEqual([book.lastAddedMs, book.lastRemovedMs], [3, 2])
    assert.deepEqual(states(book), ['a retired', 'b active', 'c active', 'd active'])
  })

  it('keep one that left in sight for the retention, with its zone, even while polls fail', () => {
    const inZones = withZones(walk(emptyBook, [seen(0, ['a', 'b'])]).book, [
      { address: 'a', zone: 'us-west-2a' },
      { address: 'b', zone: 'us-west-2b' },
    ])
    const left = withZones(walk(inZones, [seen(100, ['b'])]).book, [{ address: 'b', zone: 'us-west-2b' }])
    assert.deepEqual(states(left), ['a retired us-west-2a', 'b active us-west-2b'])
    const still = walk(left, [failed(1_099, 'server', 'SERVFAIL')]).book
    assert.deepEqual(states(still), ['a retired us-west-2a', 'b active us-west-2b'])
    const gone = walk(still, [failed(1_100, 'server', 'SERVFAIL')]).book
    assert.deepEqual(states(gone), ['b active us-west-2b'])
  })

  it('count a retired one that comes back as added, and show it once', () => {
    const { book, added, removed } = walk(emptyBook, [seen(1, ['a', 'b']), seen(2, ['b']), seen(3, ['a', 'b'])])
    assert.deepEqual([added, removed], [['a'], ['a']])
    assert.deepEqual(states(book), ['a active', 'b active'])
    assert.deepEqual(book.retired, [])
  })

  it('take an empty answer for a change only when it comes three times in a row', () => {
    const start = walk(emptyBook, [seen(1, ['a'])]).book
    const twice = walk(start, [seen(2, []), seen(3, []), failed(4, 'timeout', 'slow')])
    assert.deepEqual([activeAddresses(twice.book), twice.removed], [['a'], []])
    const thrice = walk(twice.book, [seen(5, [])])
    assert.deepEqual([activeAddresses(thrice.book), thrice.removed], [[], ['a']])
  })

  it('are pending with an interface before DNS has them, and dead without one after they left', () => {
    const { book } = walk(emptyBook, [seen(1, ['a', 'b', 'c']), seen(2, ['b'])])
    const owned = withOwned(book, placed('a', 'b', 'c'))
    assert.deepEqual(states(owned, ['b', 'c', 'd']), ['a dead', 'b active', 'c retired', 'd pending'])
    assert.deepEqual(states(owned), ['a retired', 'b active', 'c retired'])
  })

  it('are not dead where nobody ever saw an interface of them', () => {
    const { book } = walk(withOwned(emptyBook, placed('b')), [seen(1, ['a', 'b', 'c']), seen(2, ['c'])])
    assert.deepEqual(states(book, ['c']), ['a retired', 'b dead', 'c active'])
    assert.deepEqual(states(JSON.parse(JSON.stringify(lasting(book))), []), ['a retired', 'b dead', 'c active'])
  })

  it('are remembered to have had an interface while they are in sight, and no longer', () => {
    const { book } = walk(withOwned(emptyBook, placed('a', 'b', 'x')), [seen(1, ['a', 'b']), seen(2, ['b'])])
    assert.deepEqual(withOwned(book, placed('c')).owned, ['a', 'b', 'c'])
    const later = walk(book, [seen(2_000, ['b'])]).book
    assert.deepEqual(withOwned(later, []).owned, ['b'])
  })

  it('are not pending before DNS has answered once', () => {
    assert.deepEqual(states(emptyBook, ['a']), [])
  })

  it('are bounded where a name answers with something new each time', () => {
    const polls = Array.from({ length: 3 * retiredLimit }, (_, index) => seen(index / 10, [`a${index}`, `b${index}`]))
    const { book } = walk(emptyBook, polls)
    assert.equal(book.retired.length, retiredLimit)
    assert.equal(book.retired.at(-1)?.address, `b${3 * retiredLimit - 2}`)
  })

  it('keep zones only of addresses in sight', () => {
    const start = withZones(walk(emptyBook, [seen(1, ['a', 'b'])]).book, [
      { address: 'a', zone: 'z1' },
      { address: 'x', zone: 'z2' },
    ])
    assert.deepEqual(withZones(start, [{ address: 'b', zone: 'z3' }]).zones, [
      { address: 'a', zone: 'z1' },
      { address: 'b', zone: 'z3' },
    ])
  })
})

const addresses = Array.from({ length: 12 }, (_, index) => `192.0.2.${index + 10}`)
const small = fc.uniqueArray(fc.constantFrom(...addresses), { minLength: 1, maxLength: 7 })
const failure = fc.constantFrom('timeout' as const, 'server' as const, 'throttled' as const)

describe('the addresses of a load balancer, for any sequence of polls', () => {
  it('do not change by rotation, duplicates and failures', () => {
    const rounds = fc.array(
      fc.oneof(
        fc.infiniteStream(fc.nat()).map((order) => ({ order })),
        failure,
      ),
      { maxLength: 20 },
    )
    fc.assert(
      fc.property(small, rounds, (set, sequence) => {
        const polls = sequence.map((round, index) => {
          if (typeof round === 'string') return failed(index + 1, round, 'no answer')
          const turn = (round.order.next().value ?? 0) % set.length
          return seen(index + 1, [...set.slice(turn), ...set.slice(0, turn), ...set.slice(0, turn)])
        })
        const { book, added, removed } = walk(emptyBook, [seen(0, set), ...polls])
        assert.deepEqual([added, removed, book.retired], [[], [], []])
        assert.deepEqual(activeAddresses(book), [...set].sort())
      }),
    )
  })

  it('balance: first + added - removed = active, and no address is in two states', () => {
    const poll = fc.oneof(
      fc.record({ members: fc.uniqueArray(fc.constantFrom(...addresses)), complete: fc.boolean() }),
      failure,
    )
    fc.assert(
      fc.property(fc.array(poll, { maxLength: 30 }), fc.nat(400), (sequence, gapMs) => {
        let book = emptyBook
        let first = 0
        let balance = 0
        for (const [index, one] of sequence.entries()) {
          const atMs = index * gapMs
          const next = typeof one === 'string' ? failed(atMs, one, 'no answer') : good(atMs, one)
          const before = activeAddresses(book).length
          const settling = book.membership === undefined || book.membership.settling > 0
          const { next: after, added, removed } = step(book, next, atMs, retentionMs)
          const growth = activeAddresses(after).length - before
          // While partial first answers are put together, newcomers were there all along.
          if (settling) first += growth - added.length + removed.length
          balance += added.length - removed.length
          book = after
          const active = new Set(activeAddresses(book))
          assert.equal(first + balance, active.size)
          assert.ok(
            book.retired.every(({ address, atMs: leftMs }) => !active.has(address) && atMs - leftMs < retentionMs),
          )
          const shown = inSight(book, addresses.slice(0, 6)).map(({ address }) => address)
          assert.equal(new Set(shown).size, shown.length)
        }
      }),
    )
  })

  it('see any real removal from more than 8 within three good answers, and invent none', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.constantFrom(...addresses), { minLength: 9, maxLength: 12 }),
        fc.nat({ max: 1_000 }),
        (set, start) => {
          // Rotating windows of 8: of at most 12, each is in one of any three in a row.
          const windows = (from: readonly string[], turn: number) =>
            Array.from({ length: Math.min(8, from.length) }, (_, index) => from[(turn * 4 + index) % from.length] ?? '')
          const calm = Array.from({ length: 12 }, (_, turn) => seen(turn, windows(set, start + turn), false))
          const { book, added, removed } = walk(emptyBook, calm)
          assert.deepEqual([added, removed, activeAddresses(book)], [[], [], [...set].sort()])
          const rest = set.slice(1)
          const after = Array.from({ length: 3 }, (_, turn) =>
            seen(20 + turn, windows(rest, start + turn), rest.length < 8),
          )
          assert.ok(walk(book, after).removed.includes(set[0] ?? ''))
        },
      ),
    )
  })

  it('go on after a restart as if there had been none', () => {
    fc.assert(
      fc.property(small, small, small, (before, saved, after) => {
        const { book } = walk(emptyBook, [seen(0, before), seen(1, saved)])
        const recalled = JSON.parse(JSON.stringify(lasting(book)))
        assert.deepEqual(walk(recalled, [seen(2, after)]), walk(book, [seen(2, after)]))
      }),
    )
  })
})
