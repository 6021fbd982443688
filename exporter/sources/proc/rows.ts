/**
 * The rows of /proc/net/tcp and tcp6, read as bytes where they stand: a text of 10,000 rows is 1.5 MB, and cutting it
 * into strings costs more than everything else. Every number has a fixed width of hex digits but the row's own.
 *
 * Source: https://www.kernel.org/doc/Documentation/networking/proc_net_tcp.rst
 */

/** One row with the state ESTABLISHED. */
export interface EstablishedRow {
  /** The remote address as the kernel writes it: see `kernelTexts`. */
  readonly remote: string
  /** `tr`: 0 none, 1 retransmission, 2 keepalive and others, 3 TIME_WAIT, 4 zero window probe. */
  readonly timer: number
  /** `tx_queue`: bytes that the other side has not acknowledged. */
  readonly unacknowledged: number
  /** `retrnsmt`: time-outs of retransmission in a row. */
  readonly retransmissions: number
}

/** Hex digits of an address. */
export type AddressWidth = 8 | 32

/** A row that is none, or is longer than any. */
export class RowError extends Error {
  override name = 'RowError'
}

export const lineFeed = 0x0a
const space = 0x20
const colon = 0x3a
const digit0 = 0x30
const digit1 = 0x31

/** Hands each complete established row in `bytes` to `onRow`, and returns how many bytes are done with. */
export function readRows(bytes: Buffer, width: AddressWidth, onRow: (row: EstablishedRow) => void): number {
  let from = 0
  for (let end = bytes.indexOf(lineFeed); end !== -1; end = bytes.indexOf(lineFeed, from)) {
    const row = established(bytes, from, end, width)
    if (row !== undefined) onRow(row)
    from = end + 1
  }
  return from
}

function established(bytes: Buffer, from: number, end: number, width: AddressWidth): EstablishedRow | undefined {
  const mark = bytes.indexOf(colon, from)
  // The header has no colon.
  if (mark === -1 || mark >= end) return undefined
  const remote = mark + 2 + width + 6
  const state = remote + width + 6
  const queue = state + 3
  const timer = queue + 18
  // Its time to expire has 8 digits or more.
  const retransmissions = bytes.indexOf(space, timer) + 1
  if (retransmissions === 0 || retransmissions + 8 > end || bytes[state - 1] !== space || bytes[queue - 1] !== space) {
    throw new RowError(`a row cannot be read: "${bytes.toString('latin1', from, Math.min(end, from + 80)).trim()}"`)
  }
  if (bytes[state] !== digit0 || bytes[state + 1] !== digit1) return undefined
  return {
    remote: bytes.toString('latin1', remote, remote + width),
    timer: hex(bytes, timer, 2),
    unacknowledged: hex(bytes, queue, 8),
    retransmissions: hex(bytes, retransmissions, 8),
  }
}

function hex(bytes: Buffer, from: number, digits: number): number {
  let value = 0
  for (let index = from; index < from + digits; index += 1) {
    const digit = hexDigit(bytes[index] ?? 0)
    if (digit === -1) throw new RowError(`a number cannot be read: "${bytes.toString('latin1', from, from + digits)}"`)
    value = value * 16 + digit
  }
  return value
}

function hexDigit(byte: number): number {
  if (byte >= digit0 && byte <= 0x39) return byte - digit0
  return byte >= 0x41 && byte <= 0x46 ? byte - 0x41 + 10 : -1
}
