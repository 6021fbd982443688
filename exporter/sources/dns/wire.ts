/**
 * Packets: the query that is sent, and the reply that is let in. dns-packet writes; the checks are ours.
 * Nothing here throws on bytes from the network.
 */
import { type Answer as DnsRecord, encode, RECURSION_DESIRED } from 'dns-packet'
import { type Body, readBody } from './body.ts'
import type { DropReason, Question } from './client.ts'
import { readPlainBody } from './plain-body.ts'
import { rcodeName } from './rcode.ts'

export type { ReplyRecord } from './body.ts'

/** Largest UDP reply that is asked for and taken: it fits every path unfragmented (DNS flag day 2020). */
export const maxUdpBytes = 1232

const headerBytes = 12
const responseBit = 0x8000
const authoritativeBit = 0x0400
const truncatedBit = 0x0200
const recursionAvailableBit = 0x0080

const opt: DnsRecord = {
  type: 'OPT',
  name: '.',
  udpPayloadSize: maxUdpBytes,
  extendedRcode: 0,
  ednsVersion: 0,
  flags: 0,
  flag_do: false,
  options: [],
}

/** A query with id 0, to be copied for each packet that is sent. */
export interface EncodedQuestion {
  readonly question: Question
  readonly packet: Buffer
  /** the question section as it must come back */
  readonly section: Buffer
}

export interface Reply extends Omit<Body, 'upperRcode'> {
  /** IANA's name of the response code */
  readonly rcode: string
  readonly authoritative: boolean
  readonly recursionAvailable: boolean
  /** TC: the records are not here, ask again over TCP. */
  readonly truncated: boolean
}

export type Reading = { readonly ok: true; readonly reply: Reply } | { readonly ok: false; readonly drop: DropReason }

export interface QueryForm {
  readonly recursionDesired: boolean
  /** with an OPT record, or without for servers that take it for an error */
  readonly edns: boolean
}

/** The hostname must have passed `canonicalHostname`: the encoder asks for another name without a word otherwise. */
export function encodeQuestion(question: Question, { recursionDesired, edns }: QueryForm): EncodedQuestion {
  const packet = encode({
    type: 'query',
    flags: recursionDesired ? RECURSION_DESIRED : 0,
    questions: [{ name: question.hostname, type: question.type, class: 'IN' }],
    additionals: edns ? [opt] : [],
  })
  // name: a length octet for each label and the root's 0; then type and class
  const section = packet.subarray(headerBytes, headerBytes + question.hostname.length + 2 + 4)
  return { question, packet, section }
}

export function withId(encoded: EncodedQuestion, id: number): Buffer {
  const packet = Buffer.from(encoded.packet)
  packet.writeUInt16BE(id, 0)
  return packet
}

export function idOf(message: Buffer): number | undefined {
  return message.length >= 2 ? message.readUInt16BE(0) : undefined
}

/** A message with the right id, checked and read. `maxBytes` is what was asked for: 1232 over UDP. */
export function readReply(message: Buffer, asked: EncodedQuestion, maxBytes: number): Reading {
  if (message.length > maxBytes) return { ok: false, drop: 'oversized' }
  if (message.length < headerBytes) return { ok: false, drop: 'malformed' }
  const flags = message.readUInt16BE(2)
  if ((flags & responseBit) === 0) return { ok: false, drop: dropOf(message) }
  const headerRcode = flags & 0xf
  const rcode = rcodeName(headerRcode)
  const questions = message.readUInt16BE(4)
  if (!(questions === 1 && sameQuestion(message, asked)) && !(questions === 0 && couldNotReadQuestion(rcode))) {
    return { ok: false, drop: dropOf(message) }
  }
  const header = {
    rcode,
    authoritative: (flags & authoritativeBit) !== 0,
    recursionAvailable: (flags & recursionAvailableBit) !== 0,
    truncated: (flags & truncatedBit) !== 0,
  }
  // A truncated reply may end in the middle of a record, and its records must not be used (RFC 2181 9).
  if (header.truncated) return { ok: true, reply: { ...header, answers: [], referral: false, edns: false } }
  const body = (questions === 1 ? readPlainBody(message, asked) : undefined) ?? readBody(message)
  if (body === undefined) return { ok: false, drop: 'malformed' }
  const { upperRcode, ...sections } = body
  return { ok: true, reply: { ...header, ...sections, rcode: rcodeName(headerRcode, upperRcode) } }
}

/** A message that does not fit the question: somebody else's reply, or no DNS message at all. */
function dropOf(message: Buffer): DropReason {
  return readBody(message) === undefined ? 'malformed' : 'mismatched'
}

/** Servers that cannot parse a query answer with the header alone. */
function couldNotReadQuestion(rcode: string): boolean {
  return rcode === 'FORMERR' || rcode === 'NOTIMP'
}

/** Octet by octet, letters in either case (RFC 4343): nothing before the name could be pointed to, so it is never compressed. */
function sameQuestion(message: Buffer, { section }: EncodedQuestion): boolean {
  const end = headerBytes + section.length
  if (message.length < end) return false
  for (let index = 0; index < section.length; index++) {
    const expected = section[index] ?? 0
    const got = message[headerBytes + index] ?? 0
    const isLetter = expected >= 0x61 && expected <= 0x7a && index < section.length - 4
    if (got !== expected && !(isLetter && got === expected - 0x20)) return false
  }
  return true
}
