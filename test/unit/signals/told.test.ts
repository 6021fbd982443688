import assert from 'node:assert/strict'
import { test } from 'node:test'
import { stepMembership } from '../../../exporter/core/membership.ts'
import { failed, good } from '../../../exporter/core/poll.ts'
import { answerLine, decision, named, packetLine } from '../../../exporter/signals/told.ts'

/** The decisions over answers that come one after the other. */
function decisions(...answers: readonly (readonly string[] | 'failed')[]): string[] {
  let book: Parameters<typeof decision>[0]['after']
  return answers.map((members) => {
    const before = book
    if (members === 'failed') return decision({ ok: false, before, after: book, added: [], removed: [] })
    const { next, added, removed } = stepMembership(before, { members, complete: members.length < 8 })
    book = next
    return decision({ ok: true, before, after: next, added, removed })
  })
}

test('a decision says whether it is a change, and why not where it is none', () => {
  assert.deepEqual(decisions('failed', ['a', 'b'], ['a', 'b'], 'failed', ['b', 'c']), [
    'a failed poll: nothing is known',
    'first sight is not a change: 2 known from here on',
    'no change: 2 known',
    'a failed poll is not a change: the 2 known stay',
    'a change: c came; a change: a left',
  ])
})

test('what is empty before anything was seen is no sight', () => {
  const nothing = decision({ ok: true, before: undefined, after: undefined, added: [], removed: [] })
  assert.equal(nothing, 'nothing is there yet: what comes will be the first sight')
})

test('what is not believed yet says how often it must be seen', () => {
  const eight = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h']
  assert.deepEqual(decisions(['x'], [], []).slice(1), [
    'empty 1 of 3 times in a row, not believed yet',
    'empty 2 of 3 times in a row, not believed yet',
  ])
  const [, , third, fourth] = decisions(['a'], eight, [...eight.slice(1), 'i'], [...eight.slice(1), 'i'])
  assert.equal(third, 'a change: i came; a missed in 1 of 3 answers, not left yet')
  assert.equal(fourth, 'a missed in 2 of 3 answers, not left yet')
})

test('an answer and a packet are one line each', () => {
  const snapshot = {
    rcode: 'NOERROR',
    records: ['10.0.0.1'],
    ttlSeconds: 60,
    chain: ['elb.test'],
    server: '10.0.0.2:53',
  } as const
  assert.equal(answerLine(good(0, snapshot)), 'NOERROR from 10.0.0.2:53 by elb.test: 10.0.0.1, TTL 60 s')
  const nothing = { rcode: 'NXDOMAIN', records: [], chain: [], server: '10.0.0.2:53' } as const
  assert.equal(answerLine(good(0, nothing)), 'NXDOMAIN from 10.0.0.2:53: nothing')
  assert.equal(answerLine(failed(0, 'timeout', 'no answer')), 'timeout: no answer')
  const packet = {
    server: '10.0.0.2:53',
    question: { hostname: 'api.test', type: 'A' },
    result: 'SERVFAIL',
    durationMs: 1.26,
  } as const
  assert.equal(packetLine(packet), 'api.test A to 10.0.0.2:53: SERVFAIL in 1.3 ms')
})

test('of many members twenty are named', () => {
  assert.equal(named(Array.from({ length: 25 }, (_, index) => `n${index}`)).endsWith('n19 and 5 more'), true)
})
