/** Clients that ask for more than their share, with a password or without, against the server in front of the routes. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { test } from 'node:test'
import { connect as connectTls } from 'node:tls'
import { until } from '../../until.ts'
import {
  ca,
  connectionsOf,
  openHttp2,
  setUp,
  soonMs,
  status,
  statusHttp2,
  untilEnd,
  untilNone,
  users,
} from './fronts.ts'

const auth = { ca, auth: 'dave:dave123' }

/** A record of TLS that promises more than it holds. */
const helloStart = Buffer.from('16030100c8010000c40303', 'hex')

test('whoever pipelines more requests than a connection may have is cut off before they are answered', async (t) => {
  for (const tls of [false, true]) {
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
    assert.ok(ms < soonMs, `${ms} ms`)
  }
})

test('whoever has no password holds no place of a request under way, and no answer that is not read for long', async (t) => {
  const { port } = await setUp(t, { tls: true, web: users, limits: { maxStreams: 20, refusalMs: 500 } })
  assert.equal(await status(port, '/', auth), 200)
  // Reads no answer: there is no window for one.
  const session = await openHttp2(t, port, { initialWindowSize: 0 })
  const streams = Array.from({ length: 20 }, () => session.request({ ':path': '/' }))
  for (const stream of streams) stream.on('error', () => undefined)
  await Promise.all(streams.map((stream) => once(stream, 'response')))
  for (let round = 0; round < 3; round++) assert.equal(await status(port, '/', auth), 200)
  if (!session.closed) await once(session, 'close', { signal: AbortSignal.timeout(soonMs) })
})

test('a client that is gone in the middle of its TLS handshake takes no connection from others', async (t) => {
  const { port, server } = await setUp(t, { tls: true })
  for (const [goes, sent] of [
    ['end', ''],
    ['resetAndDestroy', ''],
    ['end', helloStart],
    ['resetAndDestroy', helloStart],
  ] as const) {
    const socket = connect(port, '127.0.0.1').on('error', () => undefined)
    await once(socket, 'connect')
    if (sent !== '') socket.write(sent)
    await until('the connection', async () => (await connectionsOf(server)) > 0)
    socket[goes]()
    await untilNone(server)
  }
})

test('where too many are connected the oldest stranger gives way, then the longest idle, and nobody who waits', async (t) => {
  for (const tls of [false, true]) {
    const { port, server, asked } = await setUp(t, { tls, web: users, limits: { maxConnections: 3 } })
    const connected = async () => {
      const socket = tls ? connectTls({ port, host: '127.0.0.1', ca }) : connect(port, '127.0.0.1')
      socket.on('error', () => undefined)
      await once(socket, tls ? 'secureConnect' : 'connect')
      return socket
    }
    const gone = async (socket: Socket) => {
      if (!socket.closed) await once(socket, 'close', { signal: AbortSignal.timeout(soonMs) })
    }
    const ask = (socket: Socket, path: string, password = 'dave123') => {
      const authorization = `Authorization: Basic ${Buffer.from(`dave:${password}`).toString('base64')}\r\n`
      socket.write(`GET ${path} HTTP/1.1\r\nHost: x\r\n${authorization}\r\n`)
    }
    const answered = async (socket: Socket, path: string, password?: string) => {
      ask(socket, path, password)
      return String(await once(socket, 'data')).slice(9, 12)
    }
    const known = await connected()
    assert.equal(await answered(known, '/early'), '200')
    const stranger = await connected()
    assert.equal(await answered(stranger, '/early', 'guess'), '401')
    const silent = await connected()
    const second = await connected()
    await gone(stranger)
    assert.equal(await answered(second, '/early'), '200')
    const third = await connected()
    await gone(silent)
    assert.equal(await answered(third, '/early'), '200')
    assert.equal(await answered(known, '/early'), '200')
    // All three are known now: the one that has been idle longest goes.
    const fourth = await connected()
    await gone(second)
    for (const socket of [known, third, fourth]) ask(socket, '/never')
    await until('all three wait', () => asked.filter((path) => path === '/never').length === 3)
    const late = connect(port, '127.0.0.1').on('error', () => undefined)
    await gone(late)
    assert.ok([known, third, fourth].every((socket) => !socket.destroyed))
    assert.equal(await connectionsOf(server), 3)
    for (const socket of [known, third, fourth]) socket.destroy()
  }
})

test('an HTTP/2 connection without a request is closed in time, whatever PINGs come', async (t) => {
  const { port } = await setUp(t, { tls: true, limits: { idleMs: 2_000 } })
  const session = await openHttp2(t, port)
  const pings = setInterval(() => !session.closed && session.ping(() => undefined), 50)
  t.after(() => clearInterval(pings))
  await new Promise((resolve) => setTimeout(resolve, 300))
  const started = performance.now()
  assert.equal(await statusHttp2(session, {}), 200)
  await once(session, 'close', { signal: AbortSignal.timeout(2 * soonMs) })
  const ms = performance.now() - started
  assert.ok(ms > 1_500 && ms < soonMs, `${ms} ms`)
})
