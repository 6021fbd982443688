import assert from 'node:assert/strict'
import { test } from 'node:test'
import { TaskTraces } from '../../../exporter/service/run-trace.ts'
import type { Exchange, Task } from '../../../exporter/signals/signal.ts'
import { TestClock } from '../clock.ts'

const scheduled: Task = { kind: 'scheduled', name: 'answers', schedule: 'dns', timeoutMs: () => 1, run: async () => [] }
const stream: Task = { kind: 'stream', name: 'watch', run: async () => undefined }
const exchange = (asked: string): Exchange => ({ asked, came: ['x'], decided: 'y' })
const asked = (record: { exchanges: readonly Exchange[] } | null) => record?.exchanges.map((each) => each.asked)

test('the last run and the last that failed are kept, and no other', async () => {
  const clock = new TestClock()
  const traces = new TaskTraces(clock, scheduled)
  assert.deepEqual(traces.told(), { task: 'answers', kind: 'scheduled', last: null, last_failed: null })
  for (const [name, failed] of [
    ['a', true],
    ['b', true],
    ['c', false],
    ['d', false],
  ] as const) {
    const trace = traces.begin()
    trace.note(failed ? 'failed' : 'good', () => exchange(name))
    await clock.advance(5_000)
    traces.ended(trace, failed ? [{ reason: 'timeout', message: `no answer to ${name}` }] : [], 42.4)
  }
  const { last, last_failed } = traces.told()
  assert.deepEqual([asked(last), asked(last_failed)], [['d'], ['b']])
  assert.deepEqual(last_failed?.failures, [{ reason: 'timeout', message: 'no answer to b' }])
  assert.deepEqual([last?.milliseconds, last?.started], [42, '2026-01-01T00:00:15.000Z'])
})

test('of a large run the first good and the first failed exchanges are kept, and the rest is not even put into words', () => {
  const traces = new TaskTraces(new TestClock(), scheduled)
  const trace = traces.begin()
  let words = 0
  const tell = (name: string) => () => {
    words += 1
    return exchange(name)
  }
  for (let index = 0; index < 5_000; index += 1) trace.note('good', tell(`good ${index}`))
  for (let index = 0; index < 5_000; index += 1) trace.note('failed', tell(`failed ${index}`))
  traces.ended(trace, [], 1)
  const { last } = traces.told()
  assert.deepEqual([asked(last)?.length, words, last?.exchanges_omitted], [200, 200, 9_800])
  assert.equal(asked(last)?.at(-1), 'failed 99')
})

test('a watch keeps what came last, and writes down what led to its last failure', () => {
  const traces = new TaskTraces(new TestClock(), stream)
  const trace = traces.begin()
  for (let index = 0; index < 150; index += 1) trace.note('good', () => exchange(`event ${index}`))
  trace.note('failed', () => exchange('broken'))
  traces.failed({ reason: 'network', message: 'connection reset' })
  trace.note('good', () => exchange('event 150'))
  const { last, last_failed } = traces.told()
  assert.deepEqual([asked(last)?.at(0), asked(last)?.at(-1), last?.exchanges.length], ['event 51', 'event 150', 101])
  assert.deepEqual([asked(last_failed)?.at(0), asked(last_failed)?.at(-1)], ['event 50', 'broken'])
  assert.equal(last?.milliseconds, null)
})

test('what comes from outside is cut, and a password in a URL is hidden', () => {
  const traces = new TaskTraces(new TestClock(), scheduled)
  const trace = traces.begin()
  trace.note('good', () => ({
    asked: 'GET https://me:hunter2@example.com/',
    came: Array.from({ length: 500 }, () => 'z'.repeat(5_000)),
    decided: `${'z'.repeat(488)} //me:hunter2@x`,
  }))
  traces.ended(
    trace,
    Array.from({ length: 30 }, () => ({ reason: 'server', message: '//me:hunter2@x' }) as const),
    1,
  )
  const text = JSON.stringify(traces.told())
  assert.ok(text.length < 60_000 && !text.includes('hunter'), 'nor the half of one that stood across the cut')
  assert.equal(traces.told().last?.failures_omitted, 10)
})
