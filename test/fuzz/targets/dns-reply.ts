/** A reply from the network to a query of ours: what is let in is what the packet says, and only that changes an answer. */
import assert from 'node:assert/strict'
import { encode, type Packet } from 'dns-packet'
import ipaddr from 'ipaddr.js'
import { type AnswerBook, step } from '../../../exporter/signals/dns/answers.ts'
import { followChain } from '../../../exporter/sources/dns/chain.ts'
import {
  encodeQuestion,
  maxUdpBytes,
  type Reply,
  type ReplyRecord,
  readReply,
} from '../../../exporter/sources/dns/wire.ts'
import type { FuzzTarget } from '../target.ts'
import { type OracleRecord, readAnswers } from './dns-oracle.ts'

const hostname = 'api.example.com'
const types = ['A', 'AAAA', 'CNAME', 'SRV'] as const
const form = { recursionDesired: true, edns: true }
const questions = types.map((type) => encodeQuestion({ hostname, type }, form))
const addresses = ['10.0.0.1', '10.0.0.2', '10.0.0.3']
const genuine = addressReply(addresses)
const book = bookOf(genuine)

/** The first byte chooses the type that was asked for, the rest is the packet. */
export const dnsReply: FuzzTarget = {
  name: 'dns-reply',
  seeds: () => [genuine, ...otherReplies()].map((packet, index) => Buffer.concat([Buffer.from([index % 4]), packet])),
  run: (data) => check((data[0] ?? 0) % types.length, data.subarray(1)),
}

function check(index: number, message: Buffer): void {
  const type = types[index] ?? 'A'
  const asked = questions[index]
  assert.ok(asked !== undefined)
  const reading = readReply(message, asked, maxUdpBytes)
  if (!reading.ok) return
  assert.ok(message.length <= maxUdpBytes, 'a reply over the size that was asked for was read')
  const { reply } = reading
  compare(reply, message)
  const { records } = followChain(reply, hostname, type)
  if (records === undefined) return
  assert.ok(
    records.every((record, at) => at === 0 || record > (records[at - 1] ?? '')),
    'records are sorted, each once',
  )
  if (type === 'A') checkChange(records, reply)
}

function compare(reply: Reply, message: Buffer): void {
  if (reply.truncated) assert.deepEqual(reply.answers, [], 'records of a truncated reply are not used')
  if (reply.truncated) return
  const expected = readAnswers(message)
  assert.ok(expected !== undefined, 'a message that does not hold what its counts say was let in')
  assert.equal(told(reply.answers.map(plain)), told(expected), 'the reply is read as it says')
}

/** Text, since comparing it costs a tenth of comparing objects. */
function told(records: readonly OracleRecord[]): string {
  return records.map(({ name, type, ttlSeconds, data }) => `${name} ${ttlSeconds} ${type} ${data}`).join('\n')
}

/** The oracle has the bytes of an IPv6 address, the program its canonical text. */
function plain(record: ReplyRecord): OracleRecord {
  if (record.type !== 'AAAA') return record
  return { ...record, data: Buffer.from(ipaddr.parse(record.data).toByteArray()).toString('hex') }
}

/** A change is told exactly where the addresses of a good answer differ. */
function checkChange(records: readonly string[], { rcode }: Reply): void {
  if (rcode !== 'NOERROR' && rcode !== 'NXDOMAIN') return
  const snapshot = { rcode, records, chain: [], server: '192.0.2.53:53' } as const
  const { change } = step(book, { ok: true, atMs: 2, snapshot })
  const same = records.length === addresses.length && addresses.every((address) => records.includes(address))
  if (same || records.length === 0) assert.equal(change, undefined, 'a change that is none')
  else if (records.length !== 8) assert.ok(change !== undefined, 'a change that is not told')
}

function bookOf(message: Buffer): AnswerBook | undefined {
  const asked = questions[0]
  assert.ok(asked !== undefined)
  const reading = readReply(message, asked, maxUdpBytes)
  assert.ok(reading.ok)
  const records = followChain(reading.reply, hostname, 'A').records ?? []
  const snapshot = { rcode: 'NOERROR', records, chain: [], server: '192.0.2.53:53' } as const
  return step(undefined, { ok: true, atMs: 1, snapshot }).next
}

/** A genuine reply with these addresses, in this order. */
export function addressReply(data: readonly string[]): Buffer {
  return reply('A', { answers: data.map((address) => ({ type: 'A', name: hostname, ttl: 60, data: address })) })
}

function otherReplies(): Buffer[] {
  const alias = { type: 'CNAME', name: hostname, ttl: 30, data: 'lb.example.net' } as const
  const soa = { type: 'SOA', name: 'example.com', ttl: 5, data: { mname: 'ns', rname: 'admin' } } as const
  const opt = { type: 'OPT', name: '.', udpPayloadSize: 1232, extendedRcode: 0, ednsVersion: 0, flags: 0 } as const
  const target = { priority: 1, weight: 2, port: 443, target: 'a.example.net' }
  return [
    reply('AAAA', {
      answers: [alias, { type: 'AAAA', name: 'lb.example.net', ttl: 60, data: '2001:db8::1' }],
      additionals: [{ ...opt, flag_do: false, options: [] }],
    }),
    reply('CNAME', { answers: [alias] }),
    reply('SRV', { answers: [{ type: 'SRV', name: hostname, ttl: 9, data: target }] }),
    reply('A', { flags: 3, authorities: [soa] }),
    reply('AAAA', { authorities: [{ type: 'NS', name: 'example.com', data: 'ns1.example.com' }] }),
    reply('CNAME', { flags: 1 << 9 }),
    reply('SRV', { flags: 2 }),
    compressed(),
    addressReply(Array.from({ length: 12 }, (_, index) => `10.0.1.${index}`)),
  ]
}

function reply(type: (typeof types)[number], packet: Partial<Packet>): Buffer {
  return encode({ type: 'response', id: 7, questions: [{ name: hostname, type }], ...packet })
}

/** As servers send it: owner names are pointers to the question. */
function compressed(): Buffer {
  const record = Buffer.from('c00c000100010000003c0004', 'hex')
  const head = reply('A', {})
  head.writeUInt16BE(addresses.length, 6)
  const records = addresses.map((address) => Buffer.concat([record, Buffer.from(ipaddr.parse(address).toByteArray())]))
  return Buffer.concat([head, ...records])
}
