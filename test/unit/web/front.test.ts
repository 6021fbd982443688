/** Clients that are slow, large or many, against the server in front of the routes, with one limit short enough for a test. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { request } from 'node:http'
import { constants } from 'node:http2'
import { connect } from 'node:net'
import { test } from 'node:test'
import { connect as connectTls } from 'node:tls'
import { until } from '../../until.ts'
import { ca, connectionsOf, openHttp2, setUp, soonMs, status, statusHttp2, untilEnd, untilNone } from './fronts.ts'

const slow: [string, string, RegExp][] = [
  ['says nothing', '', /^HTTP\/1\.1 408 /],
  ['sends half a header', 'GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ', /^HTTP\/1\.1 408 /],
  ['sends half a body', 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc', /^HTTP\/1\.1 408 /],
]
for (const tls of [false, true]) {
  const over = tls ? 'TLS' : 'plain HTTP'
  for (const [what, sent, wanted] of slow) {
    test(`a client that ${what} over ${over} is cut off in time`, async (t) => {
      const { port } = await setUp(t, { tls, limits: { headersMs: 300, requestMs: 500 } })
      const socket = tls ? connectTls({ port, host: '127.0.0.1', ca }) : connect(port, '127.0.0.1')
      socket.write(sent)
      const { text, ms } = await untilEnd(socket)
      assert.match(text, wanted)
      assert.ok(ms > 200 && ms < soonMs, `${ms} ms`)
    })
  }

  test(`a client that sends a byte of its header now and then over ${over} is cut off in time`, async (t) => {
    const { port } = await setUp(t, { tls, limits: { headersMs: 300, requestMs: 500 } })
    const socket = tls ? connectTls({ port, host: '127.0.0.1', ca }) : connect(port, '127.0.0.1')
    socket.write('GET / HTTP/1.1\r\nX-Slow: ')
    const drip = setInterval(() => socket.write('a'), 50)
    t.after(() => clearInterval(drip))
    const { ms } = await untilEnd(socket)
    assert.ok(ms < soonMs, `${ms} ms`)
  })

  for (const trickle of [false, true]) {
    test(`a client that reads its answer over ${over} ${trickle ? 'a little at a time' : 'not at all'} holds it for a time only`, async (t) => {
      const { port, server } = await setUp(t, { tls, limits: { answerMs: 900 } })
      const socket = tls ? connectTls({ port, host: '127.0.0.1', ca }) : connect(port, '127.0.0.1')
      const started = performance.now()
      socket.on('error', () => undefined).write('GET /large HTTP/1.1\r\nHost: x\r\n\r\n')
      await once(socket, 'readable')
      const reads = setInterval(() => trickle && socket.read(1_024), 20)
      t.after(() => clearInterval(reads))
      await untilNone(server)
      assert.ok(performance.now() - started > 500)
      socket.destroy()
    })
  }

  test(`a header beyond the limit over ${over} gets 431`, async (t) => {
    const { port } = await setUp(t, { tls })
    const socket = tls ? connectTls({ port, host: '127.0.0.1', ca }) : connect(port, '127.0.0.1')
    socket.write(`GET / HTTP/1.1\r\nHost: x\r\nX-Large: ${'a'.repeat(5_000)}\r\n\r\n`)
    assert.match((await untilEnd(socket)).text, /^HTTP\/1\.1 431 /)
  })
}

test('a client that does not end its TLS handshake is cut off in time', async (t) => {
  const { port } = await setUp(t, { tls: true, limits: { handshakeMs: 300 } })
  const { ms } = await untilEnd(connect(port, '127.0.0.1'))
  assert.ok(ms > 200 && ms < soonMs, `${ms} ms`)
})

test('while one scrape is read slowly the next gets 503, and passes once the slow one is cut off', async (t) => {
  const { port } = await setUp(t, { limits: { answerMs: 3_000 } })
  const socket = connect(port, '127.0.0.1')
  socket.on('error', () => undefined).write('GET /large HTTP/1.1\r\nHost: x\r\n\r\n')
  await once(socket, 'readable')
  assert.equal(await status(port, '/large'), 503)
  assert.equal(await status(port, '/'), 200)
  await until('a scrape that passes', async () => (await status(port, '/large')) === 200)
})

test('more requests under way than the limit get 503', async (t) => {
  const { port, asked } = await setUp(t, { limits: { maxConnections: 100 } })
  const waiting = Array.from({ length: 8 }, () =>
    request({ port, host: '127.0.0.1', path: '/never', agent: false }).end(),
  )
  for (const one of waiting) one.on('error', () => undefined)
  await until('all are under way', () => asked.length === waiting.length)
  assert.equal(await status(port, '/'), 503)
  for (const one of waiting) one.destroy()
  await until('a request that passes', async () => (await status(port, '/')) === 200, { limitMs: soonMs })
})

for (const [what, path, method] of [
  ['read', '/large', 'GET'],
  ['sent', '/', 'POST'],
] as const) {
  test(`an HTTP/2 stream that is ${what} slowly is reset by an error, and its connection given up`, async (t) => {
    const { port, server } = await setUp(t, { tls: true, limits: { answerMs: 900 } })
    const session = await openHttp2(t, port)
    const stream = session.request({ ':path': path, ':method': method }, { endStream: method === 'GET' })
    stream.on('error', () => undefined)
    if (method === 'POST') stream.write('half')
    const started = performance.now()
    // What was not read stands before the end of the stream: only the reset shows.
    await until('the reset', () => stream.aborted || stream.closed)
    const ms = performance.now() - started
    assert.equal(stream.rstCode, constants.NGHTTP2_CANCEL)
    assert.ok(ms > 500 && ms < soonMs, `${ms} ms`)
    stream.resume()
    await untilNone(server)
  })
}

test('an HTTP/2 request that is answered before its body came is over, and its connection serves on', async (t) => {
  const { port } = await setUp(t, { tls: true })
  const session = await openHttp2(t, port)
  const stream = session.request({ ':path': '/early', ':method': 'POST' })
  stream.resume().write('half')
  await once(stream, 'close', { signal: AbortSignal.timeout(soonMs) })
  assert.equal(stream.rstCode, constants.NGHTTP2_NO_ERROR)
  assert.equal(await statusHttp2(session, {}), 200)
})

test('a client that gives up one HTTP/2 request is served the next, on a connection of its own', async (t) => {
  const { port } = await setUp(t, { tls: true })
  const session = await openHttp2(t, port)
  const stream = session.request({ ':path': '/large' })
  await once(stream, 'response')
  stream.close(constants.NGHTTP2_CANCEL)
  await once(session, 'close', { signal: AbortSignal.timeout(soonMs) })
  const next = await openHttp2(t, port)
  assert.equal(await statusHttp2(next, { ':path': '/large' }), 200)
})

test('HTTP/2 headers beyond the limit are refused, more streams than allowed wait, an idle connection is closed', async (t) => {
  const { port } = await setUp(t, { tls: true, limits: { idleMs: 2_000 } })
  const session = await openHttp2(t, port)
  while (session.remoteSettings.maxConcurrentStreams !== 5) {
    await once(session, 'remoteSettings', { signal: AbortSignal.timeout(soonMs) })
  }
  await assert.rejects(statusHttp2(session, { 'x-large': 'a'.repeat(5_000) }))
  assert.equal(await statusHttp2(session, {}), 200)
  const started = performance.now()
  await once(session, 'close', { signal: AbortSignal.timeout(20_000) })
  assert.ok(performance.now() - started > 1_000)
})

test('draining ends HTTP/2 connections after the requests under way, and cutting ends all', async (t) => {
  const { port, front, server, asked } = await setUp(t, { tls: true })
  const session = await openHttp2(t, port)
  const underWay = session.request({ ':path': '/', ':method': 'POST' })
  underWay.write('half')
  await until('it is under way', () => asked.length > 0)
  const drained = once(session, 'goaway', { signal: AbortSignal.timeout(soonMs) })
  front.drain()
  await drained
  underWay.end()
  const [headers] = await once(underWay, 'response')
  assert.equal(headers[':status'], 200)
  underWay.resume()
  await once(session, 'close', { signal: AbortSignal.timeout(soonMs) })
  await untilNone(server)
  const silent = connect(port, '127.0.0.1')
  await once(silent, 'connect')
  await until('the connection', async () => (await connectionsOf(server)) > 0)
  front.cut()
  assert.ok((await untilEnd(silent)).ms < soonMs)
})
