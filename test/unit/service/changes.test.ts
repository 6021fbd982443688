import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { ChangeHistory } from '../../../exporter/service/changes.ts'
import { createLogger } from '../../../exporter/service/log.ts'
import type { Books, Change } from '../../../exporter/signals/signal.ts'

const log = createLogger('error', 'json', { write: () => undefined })

function change(subject: string, removed: readonly string[] = ['10.0.0.1']): Change {
  const message = `load balancer ${subject} lost some`
  return { kind: 'elb_addresses', subject, message, added: [], removed, before: [...removed, 'x'], after: ['x'] }
}

/** Books as a file gives them back. */
function booksOf(saved?: unknown) {
  const map = new Map<string, unknown>(saved === undefined ? [] : [['newest', saved]])
  const books: Books = {
    get: (key) => map.get(key),
    set: (key, book) => map.set(key, JSON.parse(JSON.stringify(book))),
    delete: (key) => map.delete(key),
    keys: () => [...map.keys()],
  }
  return books
}

test('The changes seen survive a restart, newest first, with all that was told of them', () => {
  const books = booksOf()
  const before = new ChangeHistory(books)
  const sink = before.sink('prod', 'load_balancers', log)
  sink.record(change('one'), 1_000)
  sink.record(change('two'), 2_000)
  assert.deepEqual(new ChangeHistory(books).list(), before.list())
  const after = new ChangeHistory(books)
  after.sink('prod', 'load_balancers', log).record(change('three'), 3_000)
  assert.deepEqual(
    after.list().map(({ subject, time }) => `${subject} ${time}`),
    ['three 1970-01-01T00:00:03.000Z', 'two 1970-01-01T00:00:02.000Z', 'one 1970-01-01T00:00:01.000Z'],
  )
})

test('No more is saved than the newest 100, with 100 members in each list', () => {
  const books = booksOf()
  const history = new ChangeHistory(books)
  const many = Array.from({ length: 150 }, (_, index) => `10.0.0.${index}`)
  for (let count = 0; count < 1_100; count += 1) history.sink('c', 'dns', log).record(change(`s${count}`, many), count)
  assert.equal(history.list().length, 1_000)
  assert.equal(history.list()[0]?.removed.length, 150)
  const recalled = new ChangeHistory(books).list()
  assert.deepEqual([recalled.length, recalled[0]?.subject, recalled.at(-1)?.subject], [100, 's1099', 's1000'])
  assert.equal(recalled[0]?.removed.length, 100)
})

test('What is no change in a saved list is passed over, and the rest is read', () => {
  const good = { time: '1970-01-01T00:00:01.000Z', cluster: 'c', collector: 'dns', ...change('good') }
  const bad = [
    null,
    [],
    'text',
    {},
    { ...good, time: 'yesterday' },
    { ...good, time: 7 },
    { ...good, kind: 'outage' },
    { ...good, cluster: '' },
    { ...good, message: { toString: 'x' } },
    { ...good, subject: 'x'.repeat(10_001) },
  ]
  assert.deepEqual(new ChangeHistory(booksOf([...bad, good])).list(), [good])
  const odd = { ...good, added: 'x', removed: [1, null, '10.0.0.1'], extra: true }
  assert.deepEqual(new ChangeHistory(booksOf([odd])).list()[0]?.removed, ['10.0.0.1'])
  assert.ok(!('extra' in (new ChangeHistory(booksOf([odd])).list()[0] ?? {})))
})

test('No JSON makes the reading throw, and each time that is read is one', () => {
  const event = fc.record(
    {
      time: fc.oneof(fc.string(), fc.date({ noInvalidDate: true }).map(String)),
      kind: fc.constantFrom('dns_answer', 'x'),
      cluster: fc.string(),
      collector: fc.string(),
      subject: fc.string(),
      message: fc.string(),
      added: fc.jsonValue(),
    },
    { requiredKeys: [] },
  )
  fc.assert(
    fc.property(fc.oneof(fc.jsonValue(), fc.array(event)), (saved) => {
      for (const { time } of new ChangeHistory(booksOf(saved)).list()) assert.equal(new Date(time).toISOString(), time)
    }),
  )
})
