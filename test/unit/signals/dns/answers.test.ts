import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { failed, good, type Poll } from '../../../../exporter/core/poll.ts'
import { type AnswerBook, readBook, step } from '../../../../exporter/signals/dns/answers.ts'
import type { Answer } from '../../../../exporter/sources/dns/client.ts'

function answer(records: readonly string[], atMs = 1000, ttlSeconds = 60): Poll<Answer> {
  const rcode = records.length === 0 ? 'NXDOMAIN' : 'NOERROR'
  return good(atMs, { rcode, records, ttlSeconds, chain: [], server: '127.0.0.1:53' })
}

function bookOf(...polls: Poll<Answer>[]): AnswerBook | undefined {
  return polls.reduce<AnswerBook | undefined>((book, poll) => step(book, poll).next, undefined)
}

test('The first answer is no change and has no time of change', () => {
  const { next, change } = step(undefined, answer(['a']))
  assert.equal(change, undefined)
  assert.deepEqual(next, { membership: { absences: [['a', 0]], settling: 0, empties: 0 } })
})

test('A change carries what came, what left, both sets and its time', () => {
  const { next, change } = step(bookOf(answer(['a', 'b'])), answer(['b', 'c'], 7000))
  assert.deepEqual(change, { added: ['c'], removed: ['a'], before: ['a', 'b'], after: ['b', 'c'] })
  assert.equal(next?.lastChangeMs, 7000)
})

test('The same records with another TTL give the very same book back', () => {
  const book = bookOf(answer(['a', 'b']))
  assert.equal(step(book, answer(['a', 'b'], 2000, 3)).next, book)
})

test('The time of the last change stays while nothing changes', () => {
  const book = bookOf(answer(['a']), answer(['b'], 5000), answer(['b'], 6000), answer([], 7000))
  assert.equal(book?.lastChangeMs, 5000)
})

test('A failed poll keeps the book, also when it is the first', () => {
  const failure = failed(1000, 'timeout', 'no reply')
  assert.deepEqual(step(undefined, failure), { next: undefined })
  const book = bookOf(answer(['a']))
  assert.equal(step(book, failure).next, book)
})

test('NXDOMAIN is a change when it comes three times in a row; failures between do not count', () => {
  const failure = failed(1000, 'server', 'SERVFAIL')
  const twice = bookOf(answer(['a']), answer([]), failure, answer([]))
  const third = step(twice, answer([], 9000))
  assert.deepEqual(third.change, { added: [], removed: ['a'], before: ['a'], after: [] })
  assert.equal(step(third.next, answer([])).change, undefined)
})

test('An answer of 8 may be a part: what is missing leaves after three', () => {
  const nine = Array.from({ length: 9 }, (_, index) => `10.0.0.${index}`)
  const head = nine.slice(0, 8)
  const tail = nine.slice(1)
  const settled = bookOf(...Array.from({ length: 8 }, (_, index) => answer(index % 2 === 0 ? head : tail)))
  const first = step(settled, answer(head))
  const second = step(first.next, answer(head))
  const third = step(second.next, answer(head))
  assert.deepEqual([first.change, second.change], [undefined, undefined])
  assert.deepEqual(third.change, { added: [], removed: ['10.0.0.8'], before: nine, after: head })
})

test('An answer of more than 8 is whole: one that is swapped has left at once, and is one change', () => {
  const ten = Array.from({ length: 10 }, (_, index) => `10.0.0.${index}`)
  const swapped = [...ten.slice(1), '10.0.0.99']
  const { next, change } = step(bookOf(answer(ten)), answer(swapped))
  assert.deepEqual(change, { added: ['10.0.0.99'], removed: ['10.0.0.0'], before: ten, after: swapped })
  assert.equal(step(next, answer(swapped)).change, undefined)
})

test('The first answer of more than 8 is the whole baseline: what comes next is added', () => {
  const nine = Array.from({ length: 9 }, (_, index) => `10.0.0.${index}`)
  assert.deepEqual(step(bookOf(answer(nine)), answer([...nine, '10.0.0.99'])).change?.added, ['10.0.0.99'])
})

test('Whatever the number of records but 8, each change of the answer is one change, and its members are the records', () => {
  const records = fc
    .uniqueArray(fc.nat({ max: 30 }), { minLength: 1, maxLength: 20 })
    .filter(({ length }) => length !== 8)
    .map((numbers) => numbers.map((number) => `10.0.0.${number}`).sort())
  fc.assert(
    fc.property(fc.array(records, { minLength: 2, maxLength: 10 }), (answers) => {
      let book: AnswerBook | undefined
      let shown: readonly string[] | undefined
      for (const given of answers) {
        const { next, change } = step(book, answer(given))
        assert.equal(change !== undefined, shown !== undefined && shown.join() !== given.join())
        assert.deepEqual(
          next?.membership.absences.map(([member]) => member),
          given,
        )
        book = next
        shown = given
      }
    }),
  )
})

test('A saved book is read back, and anything else is no book', () => {
  const book = bookOf(answer(['a']), answer(['b'], 5000))
  assert.deepEqual(readBook(JSON.parse(JSON.stringify(book))), book)
  for (const other of [
    undefined,
    null,
    'text',
    [],
    {},
    { membership: null },
    { membership: { absences: {}, settling: 0, empties: 0 } },
    { membership: { absences: [['a']], settling: 0, empties: 0 } },
    { membership: { absences: [['a', '0']], settling: 0, empties: 0 } },
    { membership: { absences: [[1, 0]], settling: 0, empties: 0 } },
    { membership: { absences: [], settling: -1, empties: 0 } },
    { membership: { absences: [], settling: 0 } },
    { membership: { absences: [], settling: 0, empties: 0 }, lastChangeMs: 'yesterday' },
    { membership: { absences: [], settling: 0, empties: 0 }, lastChangeMs: 8.64e15 + 1 },
    { membership: { absences: [], settling: 0, empties: 0.5 } },
    {
      membership: {
        absences: [
          ['b', 0],
          ['a', 0],
        ],
        settling: 0,
        empties: 0,
      },
    },
    {
      membership: {
        absences: [
          ['a', 0],
          ['a', 1],
        ],
        settling: 0,
        empties: 0,
      },
    },
  ]) {
    assert.equal(readBook(other), undefined, JSON.stringify(other))
  }
})

test('No JSON makes reading a book throw, and what is read can be stepped', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const book = readBook(value)
      if (book !== undefined) step(book, answer(['a']))
      if (book?.lastChangeMs !== undefined) new Date(book.lastChangeMs).toISOString()
    }),
  )
})
