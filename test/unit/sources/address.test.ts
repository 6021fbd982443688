import assert from 'node:assert/strict'
import { isIP } from 'node:net'
import { test } from 'node:test'
import fc from 'fast-check'
import { canonicalAddress } from '../../../exporter/sources/address.ts'

test('An address has one spelling', () => {
  for (const [text, canonical] of [
    ['10.0.0.1', '10.0.0.1'],
    ['2001:DB8:0:0:0:0:0:1', '2001:db8::1'],
    ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
    ['::FFFF:102:304', '::ffff:1.2.3.4'],
    ['::ffff:1.2.3.4', '::ffff:1.2.3.4'],
    ['0:0:0:0:0:ffff:10.0.0.255', '::ffff:10.0.0.255'],
    ['fe80::1%lo', 'fe80::1%lo'],
  ] as const) {
    assert.equal(canonicalAddress(text), canonical)
  }
})

test('What is no address has none', () => {
  for (const text of ['', 'localhost', '10.1', '0x7f.1', '1.2.3.4.5', '::1::', '[::1]', '010.0.0.1']) {
    assert.equal(canonicalAddress(text), undefined, text)
  }
})

test('The spelling of a spelling is itself, and no text throws', () => {
  fc.assert(
    fc.property(fc.oneof(fc.ipV4(), fc.ipV6(), fc.string()), (text) => {
      const canonical = canonicalAddress(text)
      assert.equal(canonical !== undefined, isIP(text) !== 0)
      if (canonical !== undefined) assert.equal(canonicalAddress(canonical), canonical)
    }),
  )
})
