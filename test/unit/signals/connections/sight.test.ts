import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import {
  type AddressBook,
  answersByHostname,
  expire,
  readBook,
  retiredLimit,
  stepBook,
} from '../../../../exporter/signals/connections/sight.ts'
import type { RecordType } from '../../../../exporter/sources/dns/client.ts'

function answer(hostname: string, type: RecordType, records: readonly string[] | undefined) {
  return { question: { hostname, type }, resolver: 'system', records }
}

function known(...addresses: string[]) {
  return { addresses, complete: true }
}

const nobody = () => false

describe('the addresses of a hostname', () => {
  it('are those of all resolvers and both families, and complete once each has answered', () => {
    const answers = [
      answer('a', 'A', ['10.0.0.2', '10.0.0.1']),
      answer('a', 'A', ['10.0.0.1', '10.0.0.3']),
      answer('a', 'AAAA', ['2001:db8::1']),
      answer('a', 'SRV', ['0 0 443 b.']),
      answer('b', 'A', ['10.0.0.9']),
      answer('b', 'A', undefined),
      answer('c', 'NS', ['ns.']),
    ]
    assert.deepEqual(Object.fromEntries(answersByHostname(answers)), {
      a: { addresses: ['10.0.0.1', '10.0.0.2', '10.0.0.3', '2001:db8::1'], complete: true },
      b: { addresses: ['10.0.0.9'], complete: false },
    })
  })

  it('are retired when they leave DNS and active again when they come back', () => {
    let book = stepBook(undefined, known('1', '2'), 1_000)
    assert.deepEqual(book, { active: ['1', '2'], retired: [] })
    book = stepBook(book, known('2', '3'), 2_000)
    assert.deepEqual(book, { active: ['2', '3'], retired: [{ address: '1', atMs: 2_000 }] })
    book = stepBook(book, known('1'), 3_000)
    assert.deepEqual(book, {
      active: ['1'],
      retired: [
        { address: '2', atMs: 3_000 },
        { address: '3', atMs: 3_000 },
      ],
    })
  })

  it('are not retired as long as a resolver that is asked has never answered', () => {
    const book = stepBook({ active: ['1', '2'], retired: [] }, { addresses: ['1'], complete: false }, 1_000)
    assert.deepEqual(book, { active: ['1', '2'], retired: [] })
    assert.equal(stepBook(undefined, { addresses: [], complete: false }, 0), undefined)
    assert.deepEqual(stepBook(undefined, known(), 0), { active: [], retired: [] })
  })

  it('are forgotten after the retention, but not while there is a connection to them', () => {
    const book = { active: [], retired: [{ address: '1', atMs: 0 }] }
    assert.equal(expire(book, nobody, 999, 1_000), book)
    assert.deepEqual(expire(book, nobody, 1_000, 1_000).retired, [])
    assert.equal(
      expire(book, (address) => address === '1', 9_000, 1_000),
      book,
    )
  })

  it('are never active and retired at once, never lost within the retention, and never more than the limit', () => {
    const addresses = fc.uniqueArray(fc.nat(12).map(String))
    fc.assert(
      fc.property(fc.array(addresses, { minLength: 1, maxLength: 30 }), (answers) => {
        let book: AddressBook | undefined
        const ever = new Set<string>()
        for (const [index, now] of answers.entries()) {
          for (const address of now) ever.add(address)
          book = stepBook(book, known(...now.sort()), index)
          const retired = (book?.retired ?? []).map(({ address }) => address)
          assert.deepEqual(book?.active, now.sort())
          assert.deepEqual([...now, ...retired].sort(), [...ever].sort())
        }
      }),
    )
    let book: AddressBook | undefined
    for (let index = 0; index < 2 * retiredLimit; index += 1) book = stepBook(book, known(String(index)), index)
    assert.equal(book?.retired.length, retiredLimit)
    assert.equal(book?.retired[0]?.address, String(retiredLimit - 1))
  })

  it('come back from JSON, and not from what is no book', () => {
    const book = { active: ['10.0.0.1'], retired: [{ address: '2001:db8::2', atMs: 5 }] }
    assert.deepEqual(readBook(JSON.parse(JSON.stringify(book))), book)
    for (const bad of [
      undefined,
      1,
      {},
      { active: [1], retired: [] },
      { active: ['not an address'], retired: [] },
      { active: ['10.1'], retired: [] },
      { active: ['2001:DB8::2'], retired: [] },
      { active: ['10.0.0.1', '10.0.0.1'], retired: [] },
      { active: ['10.0.0.1'], retired: [{ address: '10.0.0.1', atMs: 5 }] },
      { active: [], retired: [{ address: '10.0.0.1' }] },
      { active: [], retired: [{ address: 'x', atMs: 5 }] },
      ...[1e20, -1, Number.NaN, '5'].map((atMs) => ({ active: [], retired: [{ address: '10.0.0.1', atMs }] })),
    ]) {
      assert.equal(readBook(bad), undefined, JSON.stringify(bad))
    }
  })
})
