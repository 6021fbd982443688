import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseListenAddress } from '../../../exporter/web/listen-address.ts'

test('listen addresses are read as exporters of Prometheus take them', () => {
  assert.deepEqual(parseListenAddress(':9903'), { host: undefined, port: 9903 })
  assert.deepEqual(parseListenAddress('127.0.0.1:0'), { host: '127.0.0.1', port: 0 })
  assert.deepEqual(parseListenAddress('[::1]:80'), { host: '::1', port: 80 })
  assert.deepEqual(parseListenAddress('localhost:80'), { host: 'localhost', port: 80 })
})

test('what is no listen address is refused', () => {
  for (const text of ['', '9903', ':', ':x', ':70000', '::1:80', '[::1]', 'a:b:1']) {
    assert.equal(parseListenAddress(text), undefined, text)
  }
})
