import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Answer, encode, type Packet } from 'dns-packet'
import fc from 'fast-check'
import { encodeQuestion, maxUdpBytes, readReply, withId } from '../../../../exporter/sources/dns/wire.ts'

const asked = encodeQuestion({ hostname: 'api.example.com', type: 'A' }, { recursionDesired: true, edns: true })

function replyTo(answers: Answer[], packet: Partial<Packet> = {}, name = 'api.example.com'): Buffer {
  return encode({ type: 'response', id: 7, questions: [{ name, type: 'A' }], answers, ...packet })
}

function read(message: Buffer, question = asked) {
  return readReply(message, question, maxUdpBytes)
}

function answers(message: Buffer): string[] {
  const reading = read(message)
  assert.ok(reading.ok)
  return reading.reply.answers.map(({ name, type, ttlSeconds, data }) => `${name} ${ttlSeconds} ${type} ${data}`)
}

test('A query asks one question with the given id, RD as wanted, and EDNS0 for 1232 bytes', () => {
  const packet = withId(asked, 0xbeef)
  assert.equal(packet.toString('hex', 0, 12), 'beef01000001000000000001')
  assert.equal(packet.toString('hex', packet.length - 11), '000029' + '04d0' + '00000000' + '0000')
  const withoutRecursion = withId(
    encodeQuestion({ hostname: 'api.example.com', type: 'A' }, { recursionDesired: false, edns: true }),
    1,
  )
  assert.equal(withoutRecursion.readUInt16BE(2), 0)
})

test('The same encoded question gives independent packets', () => {
  const first = withId(asked, 1)
  withId(asked, 2)
  assert.equal(first.readUInt16BE(0), 1)
})

test('Records are read as canonical text', () => {
  const message = replyTo([
    { type: 'CNAME', name: 'API.Example.COM', ttl: 30, data: 'LB.Example.net' },
    { type: 'A', name: 'lb.example.net', ttl: 60, data: '10.0.0.1' },
    { type: 'AAAA', name: 'lb.example.net', ttl: 60, data: '2001:DB8:0:0:0:0:0:1' },
    { type: 'AAAA', name: 'lb.example.net', ttl: 60, data: '::ffff:1.2.3.4' },
    {
      type: 'SRV',
      name: 'lb.example.net',
      ttl: 5,
      data: { priority: 1, weight: 2, port: 443, target: 'A.Example.net' },
    },
    { type: 'NS', name: 'lb.example.net', ttl: 5, data: 'NS1.Example.net' },
    { type: 'TXT', name: 'lb.example.net', ttl: 5, data: 'of no interest' },
  ])
  assert.deepEqual(answers(message), [
    'api.example.com 30 CNAME lb.example.net',
    'lb.example.net 60 A 10.0.0.1',
    'lb.example.net 60 AAAA 2001:db8::1',
    'lb.example.net 60 AAAA ::ffff:1.2.3.4',
    'lb.example.net 5 SRV 1 2 443 a.example.net',
    'lb.example.net 5 NS ns1.example.net',
  ])
})

test('A TTL with the top bit set counts as 0', () => {
  assert.deepEqual(answers(replyTo([{ type: 'A', name: 'api.example.com', ttl: 0x80000000, data: '10.0.0.1' }])), [
    'api.example.com 0 A 10.0.0.1',
  ])
})

test('The question may come back in another case, but must be the one that was asked', () => {
  assert.ok(read(replyTo([], {}, 'API.EXAMPLE.com')).ok)
  assert.deepEqual(read(replyTo([], {}, 'apj.example.com')), { ok: false, drop: 'mismatched' })
  assert.deepEqual(read(replyTo([], {}, 'api.example.co')), { ok: false, drop: 'mismatched' })
  const otherType = replyTo([], { questions: [{ name: 'api.example.com', type: 'AAAA' }] })
  assert.deepEqual(read(otherType), { ok: false, drop: 'mismatched' })
  const otherClass = replyTo([], { questions: [{ name: 'api.example.com', type: 'A', class: 'CH' }] })
  assert.deepEqual(read(otherClass), { ok: false, drop: 'mismatched' })
  assert.deepEqual(read(replyTo([], { questions: [] })), { ok: false, drop: 'mismatched' })
})

test('A query that comes back is not taken for a reply', () => {
  assert.deepEqual(read(replyTo([], { type: 'query' })), { ok: false, drop: 'mismatched' })
})

test('A server that could not read the question may leave it out of FORMERR and NOTIMP only', () => {
  for (const [code, name] of [
    [1, 'FORMERR'],
    [4, 'NOTIMP'],
  ] as const) {
    const reading = read(replyTo([], { questions: [], flags: code }))
    assert.equal(reading.ok && reading.reply.rcode, name)
  }
  assert.deepEqual(read(replyTo([], { questions: [], flags: 2 })), { ok: false, drop: 'mismatched' })
})

test('A reply over the size that was asked for, or shorter than a header, is dropped', () => {
  assert.deepEqual(read(Buffer.alloc(maxUdpBytes + 1)), { ok: false, drop: 'oversized' })
  assert.deepEqual(read(Buffer.alloc(11)), { ok: false, drop: 'malformed' })
})

test('An A record of the wrong length makes the reply malformed, at its end and in its middle', () => {
  const record: Answer = { type: 'A', name: 'api.example.com', ttl: 60, data: '10.0.0.1' }
  const short = replyTo([record])
  short.writeUInt16BE(3, short.length - 6)
  assert.deepEqual(read(short.subarray(0, -1)), { ok: false, drop: 'malformed' })
  const long = replyTo([record])
  long.writeUInt16BE(5, long.length - 6)
  assert.deepEqual(read(Buffer.concat([long, Buffer.alloc(1)])), { ok: false, drop: 'malformed' })
})

test('Bytes after the last record do no harm, with or without records', () => {
  const record: Answer = { type: 'A', name: 'api.example.com', ttl: 60, data: '10.0.0.1' }
  for (const tail of [1, 2, 100]) {
    assert.deepEqual(answers(Buffer.concat([replyTo([record]), Buffer.alloc(tail, 0xc1)])), [
      'api.example.com 60 A 10.0.0.1',
    ])
    assert.deepEqual(answers(Buffer.concat([replyTo([]), Buffer.alloc(tail, 1)])), [])
  }
})

test('Lengths that are wrong are caught where two of them make up for each other, and before a tail', () => {
  const record: Answer = { type: 'A', name: 'api.example.com', ttl: 60, data: '10.0.0.1' }
  const one = replyTo([record])
  const recordBytes = one.length - replyTo([]).length
  const two = replyTo([record, record])
  two.writeUInt16BE(3, one.length - 6)
  two.writeUInt16BE(5, two.length - 6)
  assert.ok(recordBytes > 0)
  assert.deepEqual(read(two), { ok: false, drop: 'malformed' })
  one.writeUInt16BE(3, one.length - 6)
  assert.deepEqual(read(Buffer.concat([one, Buffer.alloc(8)])), { ok: false, drop: 'malformed' })
})

test('Data that is shorter or longer than its own length says makes the reply malformed, whatever its type', () => {
  const name = 'api.example.com'
  const records: Answer[] = [
    { type: 'SRV', name, ttl: 5, data: { port: 443, target: 'a.example.net' } },
    { type: 'CNAME', name, ttl: 5, data: 'a.example.net' },
    { type: 'NS', name, ttl: 5, data: 'a.example.net' },
  ]
  for (const record of records) {
    const whole = replyTo([record, { type: 'A', name, ttl: 5, data: '10.0.0.1' }])
    const lengthAt = replyTo([]).length + name.length + 2 + 8
    for (const more of [-1, 1]) {
      const message = Buffer.from(whole)
      message.writeUInt16BE(message.readUInt16BE(lengthAt) + more, lengthAt)
      assert.deepEqual(read(message), { ok: false, drop: 'malformed' })
    }
  }
})

test('A record that nobody reads is passed over by its length, whatever is in it', () => {
  const name = 'api.example.com'
  const address = (data: string): Answer => ({ type: 'A', name, ttl: 60, data })
  const message = replyTo([address('10.0.0.1'), address('10.0.0.2')])
  const typeAt = replyTo([]).length + name.length + 2
  // NSEC3 has lengths of its own inside, which point beyond these 4 bytes.
  message.writeUInt16BE(50, typeAt)
  assert.deepEqual(answers(message), ['api.example.com 60 A 10.0.0.2'])
})

test('A last record that goes on beyond the message makes it malformed, one of no interest too', () => {
  const message = replyTo([], { additionals: [{ type: 'TXT', name: 'example.com', ttl: 5, data: 'of no interest' }] })
  assert.ok(read(message).ok)
  assert.deepEqual(read(message.subarray(0, -1)), { ok: false, drop: 'malformed' })
})

test('A header that claims more records than there are makes the reply malformed', () => {
  for (const countAt of [6, 8, 10]) {
    const message = replyTo([{ type: 'A', name: 'api.example.com', ttl: 5, data: '10.0.0.1' }])
    message.writeUInt16BE(0xffff, countAt)
    assert.deepEqual(read(message), { ok: false, drop: 'malformed' })
  }
})

test('A truncated reply is read without its records, even where it ends in the middle of one', () => {
  const whole = replyTo([{ type: 'A', name: 'api.example.com', ttl: 60, data: '10.0.0.1' }], { flags: 1 << 9 })
  const reading = read(whole.subarray(0, -2))
  assert.ok(reading.ok && reading.reply.truncated)
  assert.deepEqual(reading.reply.answers, [])
})

test('The SOA of a negative answer names the zone and the lesser of its TTLs', () => {
  const soa: Answer = { type: 'SOA', name: 'Example.com', ttl: 900, data: { mname: 'a', rname: 'b', minimum: 60 } }
  const reading = read(replyTo([], { authorities: [soa], flags: 3 }))
  assert.ok(reading.ok)
  assert.equal(reading.reply.rcode, 'NXDOMAIN')
  assert.deepEqual(reading.reply.soa, { zone: 'example.com', ttlSeconds: 60 })
  assert.equal(reading.reply.referral, false)
})

test('NS records without a SOA in the authority section are a referral', () => {
  const reading = read(replyTo([], { authorities: [{ type: 'NS', name: 'example.com', data: 'ns1.example.com' }] }))
  assert.ok(reading.ok && reading.reply.referral)
})

test('No bytes make the reader throw, and what it lets in is well formed', () => {
  const good = replyTo(
    [
      { type: 'CNAME', name: 'api.example.com', ttl: 1, data: 'b.example.com' },
      { type: 'A', name: 'b.example.com', ttl: 1, data: '10.0.0.1' },
      { type: 'AAAA', name: 'b.example.com', ttl: 1, data: '::1' },
      { type: 'SRV', name: 'b.example.com', ttl: 1, data: { port: 1, target: 'c.example.com' } },
    ],
    { authorities: [{ type: 'SOA', name: 'example.com', ttl: 1, data: { mname: 'a', rname: 'b' } }] },
  )
  const mutation = fc.record({ at: fc.nat(good.length - 1), to: fc.nat(255) })
  fc.assert(
    fc.property(fc.array(mutation, { maxLength: 12 }), fc.nat(good.length), (mutations, length) => {
      const message = Buffer.from(good)
      for (const { at, to } of mutations) message[at] = to
      for (const candidate of [message, message.subarray(0, length)]) {
        const reading = read(candidate)
        for (const record of reading.ok ? reading.reply.answers : []) {
          if (record.type === 'A') assert.match(record.data, /^\d+\.\d+\.\d+\.\d+$/)
          assert.ok(record.ttlSeconds >= 0 && record.ttlSeconds <= 0x7fffffff)
        }
      }
    }),
    { numRuns: 3000 },
  )
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      const message = Buffer.concat([good.subarray(0, 33), bytes])
      assert.equal(typeof read(message).ok, 'boolean')
    }),
    { numRuns: 3000 },
  )
})
