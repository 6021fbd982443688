import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { canonicalHostname } from '../../../../exporter/sources/dns/hostname.ts'

test('A hostname has one spelling: lower case, no trailing dot, A-labels', () => {
  for (const [text, hostname] of [
    ['API.Example.com.', 'api.example.com'],
    ['münchen.example', 'xn--mnchen-3ya.example'],
    ['例え.テスト.', 'xn--r8jz45g.xn--zckzah'],
    ['_kube._tcp.example.com', '_kube._tcp.example.com'],
    ['internal-k8s--a1.us-west-2.elb.amazonaws.com', 'internal-k8s--a1.us-west-2.elb.amazonaws.com'],
    ['localhost', 'localhost'],
  ] as const) {
    assert.deepEqual(canonicalHostname(text), { ok: true, hostname })
  }
})

test('What cannot be asked is refused and the message says why', () => {
  const long = 'a'.repeat(64)
  for (const [text, why] of [
    ['', /empty/],
    ['.', /empty/],
    ['a..b', /label ""/],
    ['.a', /label ""/],
    ['a.b..', /label ""/],
    [`${long}.example.com`, /1 to 63/],
    [Array(64).fill('abc').join('.'), /longer than 253/],
    ['a b.example', /label "a b"/],
    ['a\u0000b.example', /label/],
    ['10.0.0.1', /an address/],
    ['::1', /an address/],
    ['api.example.com/x', /label "com\/x"/],
    ['a%2eb.com', /label "a%2eb"/],
    ['ü%2eb.com', /internationalised/],
    ['ü.com/x', /internationalised/],
    ['0x7f.1', /ends in a number/],
    ['127.1', /ends in a number/],
    ['a.0X7F', /ends in a number/],
    ['xn--\u00fc.example', /internationalised/],
  ] as const) {
    const check = canonicalHostname(text)
    assert.ok(!check.ok, text)
    assert.match(check.message, why)
  }
})

test('The canonical form of a canonical form is itself, and no text throws', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string({ unit: 'grapheme' }), fc.domain()), (text) => {
      const once = canonicalHostname(text)
      if (once.ok) assert.deepEqual(canonicalHostname(once.hostname), once)
    }),
  )
})
