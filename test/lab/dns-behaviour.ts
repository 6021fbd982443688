/** The ways in which a lab DNS server misbehaves, and the damage done to its replies. */
import { randomBytes } from 'node:crypto'
import { type Answer, encode, type Packet, TRUNCATED_RESPONSE } from 'dns-packet'

const rcodeNumbers = { NOERROR: 0, FORMERR: 1, SERVFAIL: 2, NXDOMAIN: 3, NOTIMP: 4, REFUSED: 5 } as const
export type LabRcode = keyof typeof rcodeNumbers

export type Transport = 'udp' | 'tcp'

export interface Behaviour {
  /** Answer with this code and no records. */
  readonly rcode?: LabRcode
  /** To queries with EDNS: this code, with the question or as a header alone, and never an OPT record. */
  readonly noEdns?: { readonly rcode: LabRcode; readonly headerOnly?: boolean }
  /** Bits of the response code above the header's 4, in the OPT record. */
  readonly upperRcode?: number
  /** So many bytes after the last record. */
  readonly tail?: number
  /** Hold the reply back for so many milliseconds; beyond the client's time-out it is a late reply. */
  readonly delayMs?: number
  /** Lose the first so many queries; Infinity for all. */
  readonly dropFirst?: number
  /** Lose each n-th query. */
  readonly dropEvery?: number
  /** UDP replies have TC set and no records; TCP replies are whole. */
  readonly truncate?: boolean
  /** What TCP connections get: closed without a reply, or nothing at all. */
  readonly tcp?: 'close' | 'silent'
  /** Send this in place of the reply; `cut` ends in the middle of a record, `short_rdata` has an A record of 3 bytes. */
  readonly malformed?: 'noise' | 'empty' | 'cut' | 'short_rdata'
  /** Send a damaged packet first, then the good one. */
  readonly damagedFirst?: 'wrong_id' | 'wrong_question' | 'query_bit' | 'noise' | 'oversized'
  /** Send only a damaged packet. */
  readonly damagedOnly?: 'wrong_id' | 'wrong_question' | 'query_bit' | 'oversized'
  /** Send the reply twice. */
  readonly duplicate?: boolean
  /** Leave AA out where the server is authoritative, or set it where it is not. */
  readonly authoritative?: boolean
  /** Follow CNAMEs inside its own records. Default true. */
  readonly followCname?: boolean
  /** Write the question and the owner names in upper case. */
  readonly upperCase?: boolean
}

export interface Reply {
  readonly id: number
  readonly flags: number
  readonly rcode: LabRcode
  readonly question: { readonly name: string; readonly type: string }
  readonly answers: readonly Answer[]
  readonly authorities: readonly Answer[]
  readonly additionals: readonly Answer[]
  readonly headerOnly: boolean
}

type Damage = NonNullable<Behaviour['damagedFirst']>

/** The packets that go out for one reply, in order. */
export function packetsOf(reply: Reply, behaviour: Behaviour, transport: Transport): Buffer[] {
  if (behaviour.malformed !== undefined) return [malform(reply, behaviour.malformed)]
  if (behaviour.damagedOnly !== undefined) return [damage(reply, behaviour.damagedOnly)]
  const cut = behaviour.truncate === true && transport === 'udp'
  const whole = cut
    ? encodeReply({ ...reply, answers: [], flags: reply.flags | TRUNCATED_RESPONSE })
    : Buffer.concat([encodeReply(reply), Buffer.alloc(behaviour.tail ?? 0)])
  const before = behaviour.damagedFirst === undefined ? [] : [damage(reply, behaviour.damagedFirst)]
  return behaviour.duplicate === true ? [...before, whole, whole] : [...before, whole]
}

export function encodeReply(reply: Reply): Buffer {
  const packet: Packet = {
    type: 'response',
    id: reply.id,
    flags: reply.flags | rcodeNumbers[reply.rcode],
    questions: reply.headerOnly ? [] : [{ name: reply.question.name, type: reply.question.type as 'A', class: 'IN' }],
    answers: [...reply.answers],
    authorities: [...reply.authorities],
    additionals: [...reply.additionals],
  }
  return encode(packet)
}

function malform(reply: Reply, how: NonNullable<Behaviour['malformed']>): Buffer {
  if (how === 'empty') return Buffer.alloc(0)
  if (how === 'noise') return noise(reply.id)
  const whole = encodeReply({ ...reply, authorities: [], additionals: [] })
  if (how === 'cut') return whole.subarray(0, whole.length - 3)
  whole.writeUInt16BE(3, whole.length - 6)
  return whole.subarray(0, whole.length - 1)
}

/** The right id and a response bit, then nothing that can be read. */
function noise(id: number): Buffer {
  const bytes = randomBytes(40)
  bytes.writeUInt16BE(id, 0)
  bytes.writeUInt16BE(0x8180, 2)
  bytes.fill(0xff, 4)
  return bytes
}

function damage(reply: Reply, how: Damage): Buffer {
  switch (how) {
    case 'noise':
      return noise(reply.id)
    case 'wrong_id':
      return encodeReply({ ...reply, id: (reply.id + 1) & 0xffff })
    case 'wrong_question':
      return encodeReply({ ...reply, question: { ...reply.question, name: `not-${reply.question.name}` } })
    case 'query_bit': {
      const packet = encodeReply(reply)
      packet.writeUInt8(packet.readUInt8(2) & 0x7f, 2)
      return packet
    }
    case 'oversized': {
      const filler: Answer = { type: 'TXT', name: reply.question.name, ttl: 1, data: 'x'.repeat(200) }
      return encodeReply({ ...reply, answers: [...reply.answers, ...Array<Answer>(7).fill(filler)] })
    }
  }
}
