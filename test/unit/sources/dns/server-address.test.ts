import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseServer, serverAddress } from '../../../../exporter/sources/dns/server-address.ts'

test('A server is an address with or without a port, in canonical text', () => {
  for (const [text, expected] of [
    ['10.0.0.2', '10.0.0.2:53'],
    ['10.0.0.2:5353', '10.0.0.2:5353'],
    ['FD00:0::2', '[fd00::2]:53'],
    ['[fd00::2]:5353', '[fd00::2]:5353'],
    ['[fd00::2]', '[fd00::2]:53'],
    ['fe80::1%lo', '[fe80::1%lo]:53'],
  ] as const) {
    assert.equal(parseServer(text)?.text, expected)
  }
  assert.equal(parseServer('fd00::2')?.family, 6)
  assert.equal(parseServer('10.0.0.2')?.family, 4)
})

test('Names, bad ports and bad addresses are no servers', () => {
  for (const text of [
    '',
    'dns.example:53',
    '10.0.0:53',
    '10.0.0.2:',
    '10.0.0.2:0',
    '10.0.0.2:65536',
    '[10.0.0.2]:53',
  ]) {
    assert.equal(parseServer(text), undefined, text)
  }
  assert.equal(serverAddress('ns1.example.com'), undefined)
})
