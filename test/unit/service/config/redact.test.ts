import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ConfigError, parseConfig } from '../../../../exporter/service/config/load.ts'
import { redact, redactText } from '../../../../exporter/service/config/redact.ts'

/** However it is written, Node would send `somebody` and the rest of the secret along. */
const urls = [
  'http://somebody:hush@host:4566/path',
  'https://somebody:hu@sh@host',
  'HTTP://somebody:hush@host',
  'http:\\\\somebody:hush@host',
  'http:/somebody:hush@host',
  'http:somebody:hush@host',
  ' http://somebody:hush@host',
  'http://somebody@host',
  'http://:hush@host',
  'http://host/path?token=hush',
  'http://host?X-Amz-Security-Token=hush&a=b',
  'http://somebody:hush@[::1]:4566/?access_key=hush',
]

test('neither user nor password nor token of a URL is told, however it is written', () => {
  for (const url of urls) {
    const told = String(redact({ endpoint: [url] }) && JSON.stringify(redact({ endpoint: [url] })))
    assert.doesNotMatch(told, /hu@?sh|somebody/, told)
    assert.match(told, /<secret>/)
    assert.match(told, /host|\[::1\]/)
    for (const text of [url, `GET ${url} failed: "${url}"`, JSON.stringify({ url })]) {
      assert.doesNotMatch(redactText(text), /hu@?sh|somebody/, text)
    }
  }
})

test('what holds no secret is told as it is', () => {
  for (const text of ['http://127.0.0.1:4566', 'https://vpce-1.example/', 'a.example', '/etc/a@b', 'x: 10.0.0.2:53']) {
    assert.equal(redact(text), text)
    assert.equal(redactText(text), text)
  }
})

test('no fault of a config tells a password, wherever a URL was put by mistake', () => {
  const secret = /hu|sh\b|somebody/
  const passwords = ['hush', 'hu@sh', 'hu.sh', 'hu/sh', 'hu\\\\sh', 'hu?sh', 'hu#sh', 'hu sh']
  for (const url of passwords.flatMap((password) => [
    `http://somebody:${password}@host`,
    `http:somebody:${password}@host`,
  ])) {
    const placed = [
      `{name: a, dns: {names: [{hostname: "${url}"}]}}`,
      `{name: a, dns: {resolvers: ["${url}"], names: [{hostname: a.example}]}}`,
      `{name: a, load_balancers: [{region: us-west-2, types: ["${url}"], names: [x]}]}`,
      `{name: a, nodes: {min_age: "${url}"}}`,
      `{name: a, load_balancers: [{region: us-west-2, names: [x], endpoint: "${url.replace('http', 'ftp')}"}]}`,
      `{name: a, load_balancers: [{region: us-west-2, names: [x], endpoint: "${url}?token=hush"}]}`,
    ]
    for (const cluster of placed) {
      try {
        parseConfig(`clusters: [${cluster}]`, 'x.yaml')
        assert.fail(`taken: ${cluster}`)
      } catch (error) {
        assert.ok(error instanceof ConfigError, String(error))
        assert.doesNotMatch(error.message, secret)
      }
    }
  }
  assert.throws(
    () => parseConfig('clusters: [{name: a, endpoint:http://somebody:hush@host}]', 'x.yaml'),
    (error) => {
      assert.match(String(error), /unknown key/)
      assert.doesNotMatch(String(error), secret)
      return true
    },
  )
})

test('an endpoint is a URL as everybody writes it, without a query', () => {
  const faults = (endpoint: string) => {
    const entry = { region: 'us-west-2', names: ['x'], endpoint }
    try {
      parseConfig(JSON.stringify({ clusters: [{ name: 'a', load_balancers: [entry] }] }), 'x.yaml')
      return ''
    } catch (error) {
      return String(error)
    }
  }
  for (const url of [
    'http://127.0.0.1:4566',
    'https://vpce-1.elb.us-west-2.vpce.amazonaws.com/',
    'http://u:p@host/a',
  ]) {
    assert.equal(faults(url), '')
  }
  for (const url of ['http:host', 'http:\\\\host', 'http:/host', 'ftp://host', 'host:4566', 'http://']) {
    assert.match(faults(url), /is not an http:\/\/ or https:\/\/ URL/, url)
  }
  assert.match(faults('http://host?a=b'), /has a query or fragment/)
})
