/** Clients that ask for more than their share, with a password or without, against the server in front of the routes. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { test } from 'node:test'
import { connect as connectTls } from 'node:tls'
import { ca, connectionsOf, openHttp2, setUp, status, untilEnd, untilNone } from './fronts.ts'

/** A record of TLS that promises more than it holds. */
const helloStart = Buffer.from('16030100c8010000c40303', 'hex')

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

test('whoever has no password holds no place of a request under way, and no answer that is not read for long', async (t) => {
  const hash = '$2b$04$caF7ej5Y9nr4cIaU7Tq7/uGGCFfbE3FicSPMHeqDE0rNUz2h8arFC'
  const { port } = await setUp(t, {
    tls: true,
    web: `basic_auth_users: {dave: ${hash}}\n`,
    limits: { maxStreams: 20, answerMs: 30_000, idleMs: 30_000 },
  })
  const auth = { ca, auth: 'dave:dave123' }
  assert.equal(await status(port, '/', auth), 200)
  // Reads no answer: there is no window for one.
  const session = await openHttp2(t, port, { initialWindowSize: 0 })
  const streams = Array.from({ length: 20 }, () => session.request({ ':path': '/' }))
  for (const stream of streams) stream.on('error', () => undefined)
  await Promise.all(streams.map((stream) => once(stream, 'response')))
  for (let round = 0; round < 3; round++) assert.equal(await status(port, '/', auth), 200)
  const started = performance.now()
  await once(session, 'close', { signal: AbortSignal.timeout(3_000) })
  assert.ok(performance.now() - started < 1_500)
})

test('a client that is gone in the middle of its TLS handshake takes no connection from others', async (t) => {
  const { port, server } = await setUp(t, { tls: true, limits: { handshakeMs: 20_000 } })
  for (const [goes, sent] of [
    ['end', ''],
    ['resetAndDestroy', ''],
    ['end', helloStart],
    ['resetAndDestroy', helloStart],
  ] as const) {
    const socket = connect(port, '127.0.0.1').on('error', () => undefined)
    await once(socket, 'connect')
    if (sent !== '') socket.write(sent)
    while ((await connectionsOf(server)) === 0) await new Promise((resolve) => setTimeout(resolve, 5))
    socket[goes]()
    await untilNone(server, 1_000)
  }
})
