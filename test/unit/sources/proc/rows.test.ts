import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { kernelTexts } from '../../../../exporter/sources/proc/kernel-text.ts'
import { type EstablishedRow, readRows } from '../../../../exporter/sources/proc/rows.ts'
import { type LabConnection, renderTable } from '../../../lab/proc.ts'

/** Reads a text that arrives in pieces of these lengths, as a reader with one buffer does. */
function read(text: string, width: 8 | 32, pieces: Iterator<number>): EstablishedRow[] {
  const bytes = Buffer.from(text, 'latin1')
  const rows: EstablishedRow[] = []
  let from = 0
  let to = 0
  while (to < bytes.length) {
    to = Math.min(bytes.length, to + (pieces.next().value ?? bytes.length))
    from += readRows(bytes.subarray(from, to), width, (row) => rows.push(row))
  }
  return rows
}

describe('rows of /proc/net/tcp', () => {
  it('are read as the kernel writes them', () => {
    const text = [
      '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode',
      '   0: 0100007F:8D02 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 366179 1 0000000039a09692 100 0 0 10 0',
      '   1: 0200000A:A5F8 0100000A:1F90 01 000001F4:00000000 01:000001A2 00000004     0        0 55170 2 00000000f7ac1a35 3366 4 29 1 10',
      '12345: 0200000A:A5FA 0100000A:1F90 01 00000000:00000010 02:0000042F 00000000     0        0 55171 2 00000000f7ac1a36 20 4 30 10 -1',
      '   3: 0200000A:A5FB 0100000A:1F90 06 00000000:00000000 03:00000A2F 00000000     0        0 0 3 0000000000000000',
      '',
    ].join('\n')
    assert.deepEqual(read(text, 8, [].values()), [
      { remote: '0100000A', timer: 1, unacknowledged: 500, retransmissions: 4 },
      { remote: '0100000A', timer: 2, unacknowledged: 0, retransmissions: 0 },
    ])
  })

  it('are read as the kernel writes them for IPv6', () => {
    const text =
      '   0: 00000000000000000000000001000000:A5F8 0000000000000000FFFF00000100000A:1F90 01 00000001:00000000 04:0000000A 00000007     0        0 55170 2 00000000f7ac1a35 20 4 29 10 -1\n'
    assert.deepEqual(read(text, 32, [].values()), [
      { remote: '0000000000000000FFFF00000100000A', timer: 4, unacknowledged: 1, retransmissions: 7 },
    ])
  })

  it('come out the same however the text is cut into pieces', () => {
    const count = fc.integer({ min: 0, max: 0x7fffffff })
    const address = fc.array(fc.nat(255), { minLength: 4, maxLength: 4 }).map((bytes) => bytes.join('.'))
    const connection = fc.record({
      remote: address,
      state: fc.integer({ min: 1, max: 12 }),
      timer: fc.integer({ min: 0, max: 4 }),
      unacknowledged: count,
      retransmissions: count,
    })
    const sizes = fc.array(fc.integer({ min: 1, max: 400 }))
    fc.assert(
      fc.property(fc.array(connection), sizes, (connections: LabConnection[], pieces) => {
        const expected = connections
          .filter(({ state }) => state === 1)
          .map(({ remote, state: _state, ...rest }) => ({ remote: kernelTexts(remote)[0] ?? '', ...rest }))
        const rows = read(renderTable('tcp', connections), 8, pieces.values())
        assert.deepEqual(rows, expected)
      }),
    )
  })

  it('that are none are refused, and no text does more harm than that', () => {
    assert.throws(() => read('   0: what is this\n', 8, [].values()), /a row cannot be read: "0: what is this"/)
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.constant(renderTable('tcp6', [{ remote: '0'.repeat(32) }]))), (text) => {
        try {
          read(`${text}\n`, 8, [].values())
        } catch (error) {
          assert.equal((error as Error).name, 'RowError')
        }
      }),
    )
  })
})

describe('the kernel writes', () => {
  it('an IPv4 address as one number, and once more mapped into IPv6', () => {
    const expected =
      new Uint8Array(new Uint32Array([1]).buffer)[0] === 1
        ? ['0100007F', '0000000000000000FFFF00000100007F']
        : ['7F000001', '00000000000000000000FFFF7F000001']
    assert.deepEqual(kernelTexts('127.0.0.1'), expected)
  })

  it('an IPv6 address the same however it is spelled', () => {
    assert.deepEqual(kernelTexts('2001:DB8:0:0::1'), kernelTexts('2001:db8::1'))
    assert.equal(kernelTexts('2001:db8::1').length, 1)
  })
})
