/** What a client asks for in an unusual way: it is looked at as all the rest. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type IncomingMessage, request } from 'node:http'
import { constants } from 'node:http2'
import { connect } from 'node:net'
import { test } from 'node:test'
import { openHttp2, setUp, soonMs, untilEnd, users } from './fronts.ts'

const headers = { authorization: `Basic ${Buffer.from('dave:dave123').toString('base64')}` }
const frame = 'http_server_config: {headers: {X-Frame-Options: deny}}\n'

async function ask(port: number, options: object): Promise<{ response: IncomingMessage; continued: boolean }> {
  const sent = request({ port, host: '127.0.0.1', agent: false, ...options })
  let continued = false
  sent.once('continue', () => {
    continued = true
    sent.end('body')
  })
  sent.flushHeaders()
  const [response] = await once(sent, 'response')
  response.resume()
  sent.destroy()
  return { response, continued }
}

test('an expectation is no way around the password, and nobody sends a body before it was right', async (t) => {
  const { port } = await setUp(t, { web: users + frame })
  for (const [expect, granted] of [
    ['100-continue', true],
    ['something', false],
  ] as const) {
    const method = expect === '100-continue' ? 'POST' : 'GET'
    const refused = await ask(port, { method, headers: { expect } })
    assert.deepEqual([refused.response.statusCode, refused.continued], [401, false], expect)
    assert.equal(refused.response.headers['x-frame-options'], 'deny')
    const taken = await ask(port, { method, headers: { ...headers, expect } })
    assert.deepEqual([taken.response.statusCode, taken.continued], [200, granted], expect)
    assert.equal(taken.response.headers['x-frame-options'], 'deny')
  }
})

test('CONNECT and expectations over HTTP/2 are no way around the password either', async (t) => {
  const { port } = await setUp(t, { tls: true, web: users + frame })
  const session = await openHttp2(t, port)
  for (const [asked, known] of [
    [{ ':method': 'CONNECT', ':authority': 'x:443' }, 405],
    [{ ':path': '/', expect: 'something' }, 200],
    [{ ':path': '/', ':method': 'POST', expect: '100-continue' }, 200],
  ] as const) {
    for (const [own, wanted] of [
      [{}, 401],
      [headers, known],
    ] as const) {
      const stream = session.request({ ...asked, ...own })
      stream.on('error', () => undefined).once('continue', () => stream.end('body'))
      const [answer] = await once(stream, 'response')
      assert.deepEqual([answer[':status'], answer['x-frame-options']], [wanted, 'deny'], JSON.stringify(asked))
      stream.resume().close()
    }
  }
})

test('a body over HTTP/2 ends in time however slowly it comes, one that came whole is no reason to end an answer', async (t) => {
  const { port } = await setUp(t, { tls: true, limits: { headersMs: 1_000, requestMs: 1_000 } })
  for (const path of ['/', '/never']) {
    const stream = (await openHttp2(t, port)).request({ ':path': path, ':method': 'POST' })
    stream.on('error', () => undefined)
    const drip = setInterval(() => stream.write('x'), 50)
    const started = performance.now()
    await once(stream, 'close', { signal: AbortSignal.timeout(2 * soonMs) })
    clearInterval(drip)
    const ms = performance.now() - started
    assert.equal(stream.rstCode, constants.NGHTTP2_CANCEL, path)
    assert.ok(ms > 900 && ms < soonMs, `${ms} ms`)
  }
  const session = await openHttp2(t, port)
  const whole = session.request({ ':path': '/never', ':method': 'POST' })
  whole.on('error', () => undefined).end('body')
  await new Promise((resolve) => setTimeout(resolve, 1_500))
  assert.ok(!whole.closed)
})

test('of a body that nobody reads over HTTP/2 no more comes than of one that may be read', async (t) => {
  const { port } = await setUp(t, { tls: true })
  const session = await openHttp2(t, port)
  while (session.remoteSettings.initialWindowSize !== 16 * 1024) {
    await once(session, 'remoteSettings', { signal: AbortSignal.timeout(soonMs) })
  }
})

test('every answer forbids to guess its type, and a request with two hosts is refused once its password was right', async (t) => {
  const { port } = await setUp(t, { web: users })
  for (const [sent, wanted] of [
    [{}, 401],
    [headers, 200],
  ] as const) {
    const { response } = await ask(port, { method: 'GET', headers: sent })
    assert.deepEqual([response.statusCode, response.headers['x-content-type-options']], [wanted, 'nosniff'])
  }
  for (const [authorization, wanted] of [
    ['', /^HTTP\/1\.1 401 /],
    [`Authorization: ${headers.authorization}\r\n`, /^HTTP\/1\.1 400 [\s\S]*More than one Host/],
  ] as const) {
    const socket = connect(port, '127.0.0.1')
    socket.write(`GET / HTTP/1.1\r\nHost: a\r\nhost: b\r\n${authorization}Connection: close\r\n\r\n`)
    assert.match((await untilEnd(socket)).text, wanted)
  }
})
