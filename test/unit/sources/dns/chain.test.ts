import assert from 'node:assert/strict'
import { test } from 'node:test'
import { followChain, isWithin } from '../../../../exporter/sources/dns/chain.ts'
import type { Reply, ReplyRecord } from '../../../../exporter/sources/dns/wire.ts'

function reply(answers: readonly string[], more: Partial<Reply> = {}): Reply {
  const records = answers.map((line): ReplyRecord => {
    const [name = '', ttl, type, data = ''] = line.split(' ')
    return { name, ttlSeconds: Number(ttl), type: type === 'CNAME' ? 'CNAME' : 'A', data }
  })
  const header = { rcode: 'NOERROR', authoritative: false, recursionAvailable: true, truncated: false, referral: false }
  return { ...header, edns: true, answers: records, ...more }
}

test('The chain is followed by owner names, whatever the order of the records', () => {
  const step = followChain(reply(['c 9 A 10.0.0.2', 'b 5 CNAME c', 'c 9 A 10.0.0.1', 'a 7 CNAME b']), 'a', 'A')
  assert.deepEqual(step, { aliases: ['b', 'c'], ttlSeconds: 5, records: ['10.0.0.1', '10.0.0.2'] })
})

test('Records of names off the chain are not taken', () => {
  assert.deepEqual(followChain(reply(['x 9 A 10.0.0.1']), 'a', 'A').records, [])
})

test('An asked CNAME is the answer and not followed', () => {
  assert.deepEqual(followChain(reply(['a 7 CNAME b', 'b 7 CNAME c']), 'a', 'CNAME').records, ['b'])
})

test('A chain without records at its end is unfinished unless the reply says that there are none', () => {
  const answers = ['a 7 CNAME b.example']
  assert.equal(followChain(reply(answers), 'a', 'A').records, undefined)
  assert.deepEqual(followChain(reply(answers, { rcode: 'NXDOMAIN' }), 'a', 'A').records, [])
  const soa = (zone: string) => reply(answers, { soa: { zone, ttlSeconds: 60 } })
  assert.deepEqual(followChain(soa('example'), 'a', 'A').records, [])
  assert.equal(followChain(soa('other'), 'a', 'A').records, undefined)
})

test('Beyond the zone of an authoritative server nothing is believed, not even its NXDOMAIN', () => {
  const answers = ['a.com 7 CNAME b.com', 'b.com 7 CNAME c.net', 'c.net 1 A 10.0.0.1']
  const step = followChain(reply(answers, { rcode: 'NXDOMAIN' }), 'a.com', 'A', 'com')
  assert.deepEqual(step, { aliases: ['b.com', 'c.net'], ttlSeconds: 7, records: undefined })
})

test('A name is within itself, its parents and the root, and not within a name that only ends alike', () => {
  assert.ok(isWithin('a.example.com', 'example.com'))
  assert.ok(isWithin('example.com', 'example.com'))
  assert.ok(isWithin('example.com', '.'))
  assert.ok(!isWithin('an-example.com', 'example.com'))
})
