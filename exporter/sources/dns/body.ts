/** The records of a reply. dns-packet reads; the checks are ours. Nothing here throws on bytes from the network. */
import { isIPv4 } from 'node:net'
import { answer, type Answer as DnsRecord } from 'dns-packet'
import { canonicalAddress } from '../address.ts'
import { type RecordType, recordTypes } from './client.ts'
import { frameOf, type Span } from './framing.ts'

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

declare module 'dns-packet' {
  /** One record at `offset`; `bytes` is the length of the last one that was decoded. Throws where it cannot be read. */
  const answer: { decode: ((message: Buffer, offset: number) => DnsRecord) & { bytes: number } }
}

/** The records of any reply; undefined where it cannot be read. Bytes after the last record are of no meaning, and no harm. */
export function readBody(message: Buffer): Body | undefined {
  try {
    const frame = frameOf(message)
    if (frame === undefined) return undefined
    const answers: ReplyRecord[] = []
    for (const span of frame.answers) {
      const read = readRecord(decodeRecord(message, span))
      if (read === 'malformed') return undefined
      if (read !== 'other') answers.push(read)
    }
    const authorities = frame.authorities.map((span) => decodeRecord(message, span))
    const additionals = frame.additionals.map((span) => decodeRecord(message, span))
    return { answers, ...readAuthority(authorities), ...readOpt(additionals) }
  } catch {
    return undefined
  }
}

/**
 * Record by record: of a whole message the library makes room for as many records as the header says, 30 ms for a packet
 * of 80 bytes, and reads some types by what is in them, beyond their length and into the next record.
 */
function decodeRecord(message: Buffer, { start, end }: Span): DnsRecord {
  const record = answer.decode(message, start)
  if (answer.decode.bytes !== end - start) throw new RangeError('a record is read to another end than it says')
  return record
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
