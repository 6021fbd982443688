import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { failed, good } from '../../../../exporter/core/poll.ts'
import {
  askAgainAfterMs,
  beyondOwn,
  heldMembers,
  type NameAnswer,
  observe,
  stepWide,
  trustedForMs,
  type WideName,
} from '../../../../exporter/signals/elb/observation.ts'

function answered(records: readonly string[], rcode: 'NOERROR' | 'NXDOMAIN' = 'NOERROR') {
  return good(1, { rcode, records, chain: [], server: '127.0.0.1:53' })
}

const silent = failed(1, 'timeout', 'no answer from 127.0.0.1:53')
const own = (poll: NameAnswer['poll'], resolver = 'one'): NameAnswer => ({ resolver, type: 'A', wide: false, poll })
const wide = (poll: NameAnswer['poll'], resolver = 'one'): NameAnswer => ({ resolver, type: 'A', wide: true, poll })
const many = Array.from({ length: 8 }, (_, index) => `192.0.2.${index}`)

describe('the answers for one load balancer', () => {
  it('are put together over names, resolvers and types', () => {
    const answers = [own(answered(['a'])), wide(answered(['a', 'b'])), own(answered(['c']), 'two')]
    assert.deepEqual(observe(answers, 5), good(5, { members: ['a', 'b', 'c'], complete: true }))
  })

  it('are complete up to 7 records of each type, and not from 8 on', () => {
    const complete = (answers: NameAnswer[]) => {
      const poll = observe(answers, 5)
      return poll.ok && poll.snapshot.complete
    }
    assert.equal(complete([own(answered(many.slice(1)))]), true)
    assert.equal(complete([own(answered(many))]), false)
    // Of a load balancer no answer of 8 or more is whole, unlike those of watched hostnames.
    assert.equal(complete([own(answered([...many, '192.0.2.98', '192.0.2.99']))]), false)
    assert.equal(complete([own(answered(many.slice(0, 4))), own(answered(many.slice(4)), 'two')]), false)
    const dualstack: NameAnswer = { resolver: 'one', type: 'AAAA', wide: false, poll: answered(['2001:db8::1']) }
    assert.equal(complete([own(answered(many.slice(1))), dualstack]), true)
  })

  it('are incomplete, and good, where one of several did not answer', () => {
    const expected = good(5, { members: ['a'], complete: false })
    assert.deepEqual(observe([own(answered(['a'])), own(silent, 'two')], 5), expected)
    assert.deepEqual(observe([own(silent), wide(answered(['a']))], 5), expected)
  })

  it('of the own name are whole below 8, whatever becomes of all.', () => {
    const expected = good(5, { members: ['a'], complete: true })
    assert.deepEqual(observe([own(answered(['a'])), wide(silent)], 5), expected)
    assert.deepEqual(observe([own(answered(['a'])), { ...wide(answered(['a', 'b'])), late: true }], 5), expected)
    const beside = observe([own(answered(many.slice(1))), wide(answered(many))], 5)
    assert.deepEqual(
      beside,
      good(5, { members: many, complete: false }),
      'a union of 8 may lack some, whoever showed it',
    )
    const full = observe([own(answered(many)), { ...wide(answered(['192.0.2.9'])), late: true }], 5)
    assert.deepEqual(full, good(5, { members: [...many, '192.0.2.9'], complete: false }))
  })

  it('are a failure where nobody answered, or only an empty all. did', () => {
    const expected = failed(5, 'timeout', 'no answer from 127.0.0.1:53')
    assert.deepEqual(observe([own(silent), wide(silent)], 5), expected)
    assert.deepEqual(observe([own(silent), wide(answered([], 'NXDOMAIN'))], 5), expected)
  })

  it('are empty where the own name is', () => {
    assert.deepEqual(observe([own(answered([], 'NXDOMAIN'))], 5), good(5, { members: [], complete: true }))
  })
})

describe('the name all. + name', () => {
  it('is not asked for 10 minutes where it does not exist', () => {
    assert.equal(stepWide(undefined, answered([], 'NXDOMAIN')).askAgainMs, 1 + askAgainAfterMs)
    assert.equal(stepWide(undefined, answered([])).askAgainMs, 1 + askAgainAfterMs)
  })

  it('goes on being asked while it answers, and ever more rarely while it keeps failing', () => {
    assert.equal(stepWide(undefined, answered(['a'])).askAgainMs, 0)
    const pauses: number[] = []
    let name: WideName | undefined
    for (let round = 0; round < 10; round += 1) {
      name = stepWide(name, silent)
      pauses.push(Math.max(0, name.askAgainMs - 1) / 1_000)
    }
    assert.deepEqual(pauses, [0, 0, 15, 30, 60, 120, 240, 480, 600, 600])
    assert.equal(stepWide(name, answered(['a'])).askAgainMs, 0)
    const absent = stepWide(undefined, answered([], 'NXDOMAIN'))
    assert.equal(stepWide(absent, silent).askAgainMs, 1 + askAgainAfterMs)
  })

  it('is given up after it existed only when it is empty three times in a row', () => {
    const there = stepWide(undefined, answered(['a']))
    const once = stepWide(there, answered([]))
    const twice = stepWide(stepWide(once, silent), answered([]))
    assert.deepEqual([once.askAgainMs, twice.askAgainMs], [0, 0])
    assert.equal(stepWide(twice, answered(['a'])).empties, 0)
    assert.equal(stepWide(twice, answered([])).askAgainMs, 1 + askAgainAfterMs)
  })
})

describe('a missing all. + name', () => {
  const there: WideName = stepWide(undefined, answered(['a']))
  const blind = (answers: readonly NameAnswer[], name: WideName | undefined, atMs = 2) =>
    heldMembers([...many, 'x'], [], answers, () => name, atMs).length > 0

  it('makes absence from a full answer tell nothing', () => {
    assert.equal(blind([own(answered(many)), wide(silent)], there), true)
    assert.equal(blind([own(answered(many)), wide(answered([]))], there), true)
    assert.deepEqual(
      observe([own(answered(many)), wide(silent)], 5, ['192.0.2.9']),
      good(5, { members: [...many, '192.0.2.9'], complete: false }),
    )
  })

  it('that nobody has seen yet does so too, since the exporter may just have started', () => {
    assert.equal(blind([own(answered(many)), wide(silent)], stepWide(undefined, silent)), true)
  })

  it('does not matter where the own name shows all, where it does not exist, or where another resolver has it', () => {
    assert.equal(blind([own(answered(many.slice(1))), wide(silent)], there), false)
    assert.equal(blind([own(answered(many)), wide(answered([]))], stepWide(undefined, answered([]))), false)
    assert.equal(blind([own(answered(many))], there), false)
    assert.equal(blind([own(answered(many)), wide(silent), wide(answered(many), 'two')], there), false)
  })

  it('is waited for 10 minutes and no longer', () => {
    assert.equal(blind([own(answered(many)), wide(silent)], there, trustedForMs), true)
    assert.equal(blind([own(answered(many)), wide(silent)], there, 1 + trustedForMs), false)
  })

  it('holds what only it has shown beside a whole answer, and nothing else', () => {
    const both = [own(answered(['a'])), wide(answered(['a', 'b']))]
    const beyond = beyondOwn([], both)
    assert.deepEqual(beyond, ['b'])
    const held = (answers: readonly NameAnswer[]) => heldMembers(['a', 'b', 'c'], beyond, answers, () => there, 2)
    assert.deepEqual(held([own(answered(['a'])), wide(silent)]), ['b'])
    assert.deepEqual(held([own(answered(['a'])), { ...wide(answered(['a', 'c'])), late: true }]), ['b'])
    assert.deepEqual(held(both), [])
    assert.deepEqual(beyondOwn(beyond, [own(answered(['a'])), wide(silent)]), ['b'])
    assert.deepEqual(beyondOwn(beyond, [own(answered(many)), wide(answered(['b']))]), [])
    assert.deepEqual(beyondOwn(beyond, [own(answered(['a', 'b'])), wide(answered(['a', 'b']))]), [])
  })
})
