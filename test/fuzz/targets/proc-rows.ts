/** The kernel's table of connections, as the node agent reads it. */
import assert from 'node:assert/strict'
import { type EstablishedRow, RowError, readRows } from '../../../exporter/sources/proc/rows.ts'
import { type FuzzTarget, pieces } from '../target.ts'

const header = '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n'
const rows =
  '   0: 0100007F:1538 0200000A:01BB 01 00000000:00000000 00:00000000 00000000  1000        0 1 1 0 20 4 30 10 -1\n' +
  '   1: 0100007F:1539 0200000A:01BB 01 00000040:00000000 01:00000014 00000003  1000        0 1 1 0 20 4 30 10 -1\n' +
  '  11: 0100007F:153A 0200000A:01BB 0A 00000000:00000000 00:00000000 00000000  1000        0 1 1 0 20 4 30 10 -1\n'

export const procRows: FuzzTarget = {
  name: 'proc-rows',
  seeds: () => [header + rows, rows.repeat(3), header].map((text) => Buffer.from(`@${text}`)),
  run(data) {
    const { whole, chunks } = pieces(data)
    assert.deepEqual(read(chunks), read([whole]), 'where the table is cut makes no difference')
  },
}

/** As the reader does: what is left of one read stands before the next. */
function read(chunks: readonly Buffer[]): readonly EstablishedRow[] | string {
  const found: EstablishedRow[] = []
  let rest: Buffer = Buffer.alloc(0)
  try {
    for (const chunk of chunks) {
      const bytes = Buffer.concat([rest, chunk])
      rest = bytes.subarray(readRows(bytes, 8, (row) => found.push(row)))
    }
  } catch (error) {
    assert.ok(error instanceof RowError)
    return 'refused'
  }
  for (const { timer, unacknowledged, retransmissions } of found) {
    assert.ok([timer, unacknowledged, retransmissions].every((value) => Number.isInteger(value) && value >= 0))
  }
  return found
}
