/** The records of a reply. dns-packet reads; the checks are ours. Nothing here throws on bytes from the network. */
import { isIPv4 } from 'node:net'
import { type Answer as DnsRecord, decode } from 'dns-packet'
import { canonicalAddress } from '../address.ts'
import { type RecordType, recordTypes } from './client.ts'
import { frameOf } from './framing.ts'

export interface ReplyRecord {
  readonly name: string
  readonly type: RecordType
  readonly ttlSeconds: number
  /** canonical text; SRV is `priority weight port target` */
  readonly data: string
}

export interface Body {
  readonly answers: readonly ReplyRecord[]
  /** The zone that says "no such record", with the TTL of that (RFC 2308). */
  readonly soa?: { readonly zone: string; readonly ttlSeconds: number }
  /** The reply has an OPT record: the server knows EDNS. */
  readonly edns: boolean
  /** The upper 8 bits of the response code, which OPT holds (RFC 6891 6.1.3). */
  readonly upperRcode: number
  /** The authority section names other servers and no SOA: the server does not know, others do. */
  readonly referral: boolean
}

/** The records of any reply; undefined where it cannot be read. */
export function readBody(message: Buffer): Body | undefined {
  try {
    // First, since the library makes room for as many records as the header says: 30 ms for a packet of 80 bytes. Bytes
    // after the last record are of no meaning, and no harm.
    const frame = frameOf(message)
    if (frame === undefined) return undefined
    const packet = decode(withoutTypes(message, frame.unread))
    // It does not look at the length that a record gives of itself.
    if (decode.bytes !== frame.end) return undefined
    const answers: ReplyRecord[] = []
    for (const record of packet.answers ?? []) {
      const read = readRecord(record)
      if (read === 'malformed') return undefined
      if (read !== 'other') answers.push(read)
    }
    return { answers, ...readAuthority(packet.authorities ?? []), ...readOpt(packet.additionals ?? []) }
  } catch {
    return undefined
  }
}

/** For private use (RFC 6895 3.1): the library takes its data as bytes. */
const privateType = 0xff00

/**
 * A copy in which the records that nobody reads have a type that the library does not know: it would read some by what is
 * in them, beyond their length, and go on in the middle of the next record.
 */
function withoutTypes(message: Buffer, unread: readonly number[]): Buffer {
  if (unread.length === 0) return message
  const copy = Buffer.from(message)
  for (const offset of unread) copy.writeUInt16BE(privateType, offset)
  return copy
}

function readOpt(records: readonly DnsRecord[]): Pick<Body, 'edns' | 'upperRcode'> {
  for (const record of records) if (record.type === 'OPT') return { edns: true, upperRcode: record.extendedRcode }
  return { edns: false, upperRcode: 0 }
}

function readAuthority(records: readonly DnsRecord[]): Pick<Body, 'soa' | 'referral'> {
  let referral = false
  for (const record of records) {
    if (record.type === 'SOA') {
      const ttlSeconds = Math.min(ttlOf(record.ttl), ttlOf(record.data.minimum))
      return { soa: { zone: canonicalName(record.name), ttlSeconds }, referral: false }
    }
    if (record.type === 'NS') referral = true
  }
  return { referral }
}

const known: ReadonlySet<string> = new Set(recordTypes)

function isKnown(type: string): type is RecordType {
  return known.has(type)
}

function readRecord(record: DnsRecord): ReplyRecord | 'malformed' | 'other' {
  const { type } = record
  if (!isKnown(type) || record.type === 'OPT' || record.class !== 'IN') return 'other'
  const data = recordText(record)
  if (data === undefined) return 'malformed'
  const ttl = 'ttl' in record ? record.ttl : 0
  return { name: canonicalName(record.name), type, ttlSeconds: ttlOf(ttl), data }
}

function recordText(record: DnsRecord): string | undefined {
  switch (record.type) {
    case 'A':
      return isIPv4(record.data) ? record.data : undefined
    case 'AAAA':
      return canonicalAddress(record.data)
    case 'CNAME':
    case 'NS':
      return canonicalName(record.data)
    case 'SRV': {
      const { priority = 0, weight = 0, port, target } = record.data
      return `${priority} ${weight} ${port} ${canonicalName(target)}`
    }
    default:
      return undefined
  }
}

/** The decoder gives names without a trailing dot, and `.` for the root. */
function canonicalName(name: string): string {
  return name.toLowerCase()
}

/** RFC 2181 8: a TTL with the top bit set is 0. */
export function ttlOf(ttl: number | undefined): number {
  return ttl === undefined || ttl > 0x7fffffff ? 0 : ttl
}
