const headerBytes = 12
/** type, class, TTL and RDLENGTH, after the owner's name */
const recordHeadBytes = 10
/** A and AAAA */
const addressBytes: ReadonlyMap<number, number> = new Map([
  [1, 4],
  [28, 16],
])

/**
 * Where the last record ends by the lengths that the message itself gives (RFC 1035 4.1.3). Undefined where an address
 * has the wrong one. Throws a RangeError where the message ends before.
 */
export function endOfRecords(message: Buffer): number | undefined {
  let offset = headerBytes
  for (let left = message.readUInt16BE(4); left > 0; left--) offset = endOfName(message, offset) + 4
  const records = message.readUInt16BE(6) + message.readUInt16BE(8) + message.readUInt16BE(10)
  for (let left = records; left > 0; left--) {
    offset = endOfName(message, offset)
    const dataBytes = message.readUInt16BE(offset + 8)
    const wanted = addressBytes.get(message.readUInt16BE(offset))
    if (wanted !== undefined && dataBytes !== wanted) return undefined
    offset += recordHeadBytes + dataBytes
  }
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
