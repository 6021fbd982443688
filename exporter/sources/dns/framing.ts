const headerBytes = 12
/** type, class, TTL and RDLENGTH, after the owner's name */
const recordHeadBytes = 10

/** A record, from its owner's name to the end of its data. */
export interface Span {
  readonly start: number
  readonly end: number
}

/** Where the records stand of types that are read, by section. */
export interface Frame {
  readonly answers: readonly Span[]
  readonly authorities: readonly Span[]
  readonly additionals: readonly Span[]
}

/**
 * Goes through all records by the lengths that the message gives of them (RFC 1035 4.1.3). Undefined where the data of a
 * record has not the length that its type asks for, and where the last record goes on beyond the message. Throws a
 * RangeError where the message ends before.
 */
export function frameOf(message: Buffer): Frame | undefined {
  let offset = headerBytes
  for (let left = message.readUInt16BE(4); left > 0; left--) offset = endOfName(message, offset) + 4
  const sections: Span[][] = []
  for (const countAt of [6, 8, 10]) {
    const spans: Span[] = []
    for (let left = message.readUInt16BE(countAt); left > 0; left--) {
      const head = endOfName(message, offset)
      const data = head + recordHeadBytes
      const end = data + message.readUInt16BE(head + 8)
      const wanted = endOfData(message, message.readUInt16BE(head), data, end)
      if (wanted !== undefined && wanted !== end) return undefined
      if (wanted !== undefined) spans.push({ start: offset, end })
      offset = end
    }
    sections.push(spans)
  }
  const [answers = [], authorities = [], additionals = []] = sections
  return offset <= message.length ? { answers, authorities, additionals } : undefined
}

/** Where the data ends that begins at `data`, by what its type holds; undefined for types that nobody reads. */
function endOfData(message: Buffer, type: number, data: number, end: number): number | undefined {
  switch (type) {
    case 1: // A
      return data + 4
    case 28: // AAAA
      return data + 16
    case 2: // NS
    case 5: // CNAME
      return endOfName(message, data)
    case 33: // SRV: priority, weight and port before the target (RFC 2782)
      return endOfName(message, data + 6)
    case 6: // SOA: two names, five numbers
      return endOfName(message, endOfName(message, data)) + 20
    case 41: // OPT (RFC 6891 6.1.2)
      return endOfOptions(message, data, end)
    default:
      return undefined
  }
}

/** Options, each with a code and a length before it. */
function endOfOptions(message: Buffer, data: number, end: number): number {
  let offset = data
  while (offset < end) offset += 4 + message.readUInt16BE(offset + 2)
  return offset
}

/** Labels up to the root's 0, or to the pointer that stands for the rest (4.1.4). */
function endOfName(message: Buffer, start: number): number {
  let offset = start
  for (;;) {
    const length = message.readUInt8(offset)
    if (length >= 0xc0) return offset + 2
    if (length === 0) return offset + 1
    offset += 1 + length
  }
}
