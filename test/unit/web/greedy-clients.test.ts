/** Clients that ask for more than their share, with a password or without, against the server in front of the routes. */
import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { test } from 'node:test'
import { connect as connectTls } from 'node:tls'
import { ca, setUp, untilEnd } from './fronts.ts'

for (const tls of [false, true]) {
  const over = tls ? 'TLS' : 'plain HTTP'
  test(`whoever pipelines more requests over ${over} than a connection may have is cut off before they are answered`, async (t) => {
    const { port, asked } = await setUp(t, { tls })
    const open = () => (tls ? connectTls({ port, host: '127.0.0.1', ca }) : connect(port, '127.0.0.1'))
    const get = (path: string, last = '') => `GET ${path} HTTP/1.1\r\nHost: x\r\n${last}\r\n`
    const few = open()
    few.write(get('/').repeat(7) + get('/', 'Connection: close\r\n'))
    assert.equal((await untilEnd(few)).text.match(/^HTTP\/1\.1 200 /gm)?.length, 8)
    asked.length = 0
    const many = open()
    many.write(get('/never').repeat(300))
    const { text, ms } = await untilEnd(many)
    assert.deepEqual([text, asked.length], ['', 8])
    assert.ok(ms < 500, `${ms} ms`)
  })
}
