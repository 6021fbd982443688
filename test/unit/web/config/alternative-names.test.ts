import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { alternativeNames } from '../../../../exporter/web/config/alternative-names.ts'

test('names of all four kinds are read, addresses in their one spelling, other kinds passed over', () => {
  const text =
    'DNS:a.example, IP Address:10.0.0.1, IP Address:2001:DB8:0:0:0:0:0:1, URI:spiffe://example/ns/x, ' +
    'email:ops@example.com, othername:<unsupported>, DirName:CN = evil, Registered ID:1.2.3'
  assert.deepEqual(alternativeNames(text), [
    'a.example',
    '10.0.0.1',
    '2001:db8::1',
    'spiffe://example/ns/x',
    'ops@example.com',
  ])
  assert.deepEqual(alternativeNames(''), [])
})

test('a value with commas and quotes in it smuggles in no name of its own', () => {
  assert.deepEqual(alternativeNames('URI:"http://evil/, DNS:prometheus.example", DNS:b.example'), [
    'http://evil/, DNS:prometheus.example',
    'b.example',
  ])
  assert.deepEqual(alternativeNames('DNS:"a\\", DNS:b"'), ['a", DNS:b'])
  for (const broken of ['DNS:"broken, DNS:b', 'DNS:a,DNS:b', 'DNS:a, ', ', DNS:b']) {
    assert.deepEqual(alternativeNames(broken), [], broken)
  }
})

test('whatever the values are, each is read as the one it was', () => {
  // Node writes a value as a JSON string where it holds a character that would be ambiguous.
  const written = (value: string) => (/[",\\\s]|[^\x21-\x7e]/.test(value) ? JSON.stringify(value) : value)
  fc.assert(
    fc.property(fc.array(fc.string({ minLength: 1, unit: fc.constantFrom(...'a.,:" \\DNS') })), (values) => {
      const text = values.map((value) => `DNS:${written(value)}`).join(', ')
      assert.deepEqual(alternativeNames(text), values)
    }),
  )
})
