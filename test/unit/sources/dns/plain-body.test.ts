import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Answer, encode } from 'dns-packet'
import fc from 'fast-check'
import { readBody } from '../../../../exporter/sources/dns/body.ts'
import { readPlainBody } from '../../../../exporter/sources/dns/plain-body.ts'
import { encodeQuestion } from '../../../../exporter/sources/dns/wire.ts'

const hostname = 'api.example.com'
const asked = encodeQuestion({ hostname, type: 'A' }, { recursionDesired: true, edns: true })

const opt: Answer = {
  type: 'OPT',
  name: '.',
  udpPayloadSize: 1232,
  extendedRcode: 1,
  ednsVersion: 0,
  flags: 0,
  flag_do: false,
  options: [],
}

const address = fc.ipV4().map((data): Answer => ({ type: 'A', name: hostname, ttl: 60, data }))

function reply(answers: readonly Answer[], edns: boolean): Buffer {
  return encode({
    type: 'response',
    id: 7,
    questions: [{ name: hostname, type: 'A' }],
    answers: [...answers],
    additionals: edns ? [opt] : [],
  })
}

/** dns-packet writes each owner in full; servers point to the question. */
function pointed(message: Buffer): Buffer {
  const owner = message.subarray(12, 12 + hostname.length + 2)
  const parts = [message.subarray(0, 12 + owner.length + 4)]
  for (let rest = message.subarray(12 + owner.length + 4); rest.length > 0; ) {
    const whole = rest.subarray(0, owner.length).equals(owner)
    if (!whole) parts.push(rest)
    if (!whole) break
    parts.push(Buffer.from([0xc0, 0x0c]), rest.subarray(owner.length, owner.length + 14))
    rest = rest.subarray(owner.length + 14)
  }
  return Buffer.concat(parts)
}

test("A load balancer's reply is read in the plain way, and as the general decoder reads it", () => {
  fc.assert(
    fc.property(fc.array(address, { maxLength: 8 }), fc.boolean(), (answers, edns) => {
      const message = pointed(reply(answers, edns))
      const plain = readPlainBody(message, asked)
      assert.ok(plain !== undefined)
      assert.deepEqual(plain, readBody(message))
      assert.equal(plain.answers.length, answers.length)
    }),
  )
})

test('Whatever the plain way reads of a mangled reply, the general decoder reads too', () => {
  const change = fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 }))
  let read = 0
  fc.assert(
    fc.property(
      fc.array(address, { maxLength: 3 }),
      fc.boolean(),
      fc.array(change, { maxLength: 3 }),
      fc.constantFrom(0, 0, 0, 0, 0, 0, -1, 1, -16, 16),
      (answers, edns, changes, longer) => {
        const message = pointed(reply(answers, edns))
        // What stands before the records has been checked by then: it is the question that was asked.
        const from = 12 + asked.section.length
        for (const [at, byte] of changes) {
          const place = 6 + (at % (message.length - 6))
          if (place < 12 || place >= from) message[place] = byte
        }
        const cut = longer < 0 ? message.subarray(0, longer) : Buffer.concat([message, Buffer.alloc(longer)])
        const plain = cut.length < from ? undefined : readPlainBody(cut, asked)
        if (plain === undefined) return
        read += 1
        assert.deepEqual(plain, readBody(cut))
      },
    ),
    { numRuns: 5_000 },
  )
  assert.ok(read > 1_000, `${read} were read in the plain way`)
})

test('A reply with an alias, another owner, another class or EDNS options is left to the general decoder', () => {
  const record = { type: 'A', name: hostname, ttl: 60, data: '10.0.0.1' } as const
  const others: Answer[][] = [
    [{ type: 'CNAME', name: hostname, ttl: 60, data: 'lb.example.net' }],
    [{ ...record, name: 'lb.example.net' }],
    [{ ...record, class: 'CH' }],
    [{ type: 'AAAA', name: hostname, ttl: 60, data: '2001:db8::1' }],
  ]
  for (const answers of others) assert.equal(readPlainBody(pointed(reply(answers, true)), asked), undefined)
  const emptyCookie = Buffer.from([0, 10, 0, 0])
  const message = Buffer.concat([reply([], true), emptyCookie])
  message.writeUInt16BE(emptyCookie.length, message.length - emptyCookie.length - 2)
  assert.equal(readPlainBody(message, asked), undefined)
  assert.ok(readBody(message)?.edns)
})
