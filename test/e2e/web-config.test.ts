/** TLS, client certificates and their names, by the command line and its web config. */
import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { type ConnectionOptions, connect } from 'node:tls'
import { stringify } from 'yaml'
import { Authority, type Identity } from '../lab/certificates.ts'
import { type Answer, call } from '../lab/https-client.ts'
import { startPrometheus } from '../lab/prometheus.ts'
import { until } from '../until.ts'
import { Exporter } from './exporter.ts'

/** Asks nobody within the time of a test. */
const config = { clusters: [{ name: 'prod', dns: { resolvers: ['127.0.0.1:9'], names: [{ hostname: 'a.example' }] } }] }

let folder: string
let authority: Authority
let stranger: Authority
let exporter: Exporter
const clients: Record<string, Identity> = {}

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'web-config-'))
  authority = await Authority.create(folder, 'authority')
  stranger = await Authority.create(folder, 'stranger')
  const names = ['DNS:localhost', 'IP:127.0.0.1']
  await authority.issue('server', { names, usage: 'serverAuth' })
  const made = await Promise.all([
    authority.issue('good', {
      names: [
        'DNS:prometheus.example',
        'IP:10.0.0.1',
        'IP:2001:db8::1',
        'URI:spiffe://example/prom',
        'email:ops@example.com',
      ],
    }),
    authority.issue('other', { names: ['DNS:grafana.example'] }),
    authority.issue('prometheus.example', {}),
    authority.issue('smuggler', { names: ['URI:http://evil/, DNS:prometheus.example', 'DNS:evil.example'] }),
    authority.issue('expired', { names: ['DNS:prometheus.example'], expired: true }),
    authority.issue('wrong-purpose', { names: ['DNS:prometheus.example'], usage: 'serverAuth' }),
    stranger.issue('wrong-authority', { names: ['DNS:prometheus.example'] }),
  ])
  for (const identity of made) clients[identity.certFile.split('/').at(-1)?.replace('.crt', '') ?? ''] = identity
  await setTls({})
  exporter = await Exporter.start({ config, folder, flags: [`--web.config.file=${join(folder, 'web.yaml')}`] })
})
after(async () => {
  await exporter?.stop()
  await rm(folder, { recursive: true, force: true })
})

const verify = { client_auth_type: 'RequireAndVerifyClientCert', client_ca_file: 'authority.crt' }

/** What is written is in force at the next handshake. */
async function setTls(tls: object, rest: object = {}): Promise<void> {
  const tls_server_config = {
    cert_file: 'server.crt',
    key_file: 'server.key',
    client_auth_type: 'NoClientCert',
    min_version: 'TLS12',
    ...tls,
  }
  await writeFile(join(folder, 'web.yaml'), stringify({ tls_server_config, ...rest }))
}

async function get(tls: ConnectionOptions = {}, http2 = false): Promise<Answer> {
  return await call(`${exporter.url}/-/healthy`, { http2, tls: { ca: authority.cert, ...tls } })
}

/** `in` or `out`. */
async function admits(client: string, tls: ConnectionOptions = {}, http2 = false): Promise<string> {
  const { cert, key } = clients[client] ?? {}
  const identity = cert === undefined ? {} : { cert, key }
  try {
    return (await get({ ...identity, ...tls }, http2)).status === 200 ? 'in' : 'out'
  } catch (error) {
    // Sent away, not lost: a request that ran out of time is no answer to the question.
    assert.notEqual((error as Error).name, 'AbortError')
    return 'out'
  }
}

test('the URL that is told is https, HTTP/2 and HTTP/1.1 are spoken by ALPN, and plain HTTP is not', async () => {
  assert.match(exporter.url, /^https:\/\/127\.0\.0\.1:\d+$/)
  await setTls({})
  const http1 = await get()
  assert.deepEqual([http1.status, http1.server, http1.body], [200, 'server', 'elb-churn-exporter is healthy.\n'])
  const http2 = await get({}, true)
  assert.deepEqual([http2.status, http2.headers[':status'], http2.body], [200, 200, http1.body])
  const metrics = await call(`${exporter.url}/metrics`, {
    http2: true,
    tls: { ca: authority.cert },
    headers: { 'accept-encoding': 'identity' },
  })
  assert.match(metrics.body, /^elbchurn_build_info/m)
  await assert.rejects(call(exporter.url.replace('https', 'http')))
})

test('TLS 1.2 and 1.3 are spoken, older ones never, and min_version and max_version hold', async () => {
  const only = (version: 'TLSv1.1' | 'TLSv1.2' | 'TLSv1.3'): ConnectionOptions => ({
    minVersion: version,
    maxVersion: version,
    ...(version === 'TLSv1.1' && { ciphers: 'DEFAULT@SECLEVEL=0' }),
  })
  const spoken = async () => {
    const found: string[] = []
    for (const version of ['TLSv1.1', 'TLSv1.2', 'TLSv1.3'] as const) {
      const answer = await get(only(version)).catch((error: NodeJS.ErrnoException) => {
        assert.match(error.message, /protocol version/)
        return undefined
      })
      if (answer !== undefined) found.push(String(answer.protocol))
    }
    return found
  }
  await setTls({})
  assert.deepEqual(await spoken(), ['TLSv1.2', 'TLSv1.3'])
  await setTls({ min_version: 'TLS13' })
  assert.deepEqual(await spoken(), ['TLSv1.3'])
  await setTls({ max_version: 'TLS12' })
  assert.deepEqual(await spoken(), ['TLSv1.2'])
})

test('only the cipher suites of the list are spoken, in the order of the server or of the client', async () => {
  const [gcm128, gcm256] = ['ECDHE-ECDSA-AES128-GCM-SHA256', 'ECDHE-ECDSA-AES256-GCM-SHA384']
  const suites = ['TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256', 'TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384']
  const chosen = async (ciphers: string) => (await get({ maxVersion: 'TLSv1.2', ciphers })).cipher
  await setTls({ cipher_suites: suites })
  assert.equal(await chosen(`${gcm256}:${gcm128}`), suites[0])
  assert.equal(await chosen(String(gcm256)), suites[1])
  await assert.rejects(chosen('ECDHE-ECDSA-CHACHA20-POLY1305'), /handshake failure/)
  assert.equal((await get()).protocol, 'TLSv1.3')
  await setTls({ cipher_suites: suites, prefer_server_cipher_suites: false })
  assert.equal(await chosen(`${gcm256}:${gcm128}`), suites[1])
})

test('only the curves of the list are spoken', async () => {
  await setTls({ curve_preferences: ['CurveP521', 'CurveP384'] })
  for (const [curve, admitted] of Object.entries({ 'P-521': 'in', 'P-384': 'in', 'P-256': 'out', X25519: 'out' })) {
    assert.equal(await admits('none', { ecdhCurve: curve, minVersion: 'TLSv1.3' }), admitted, curve)
  }
  // With TLS 1.2 the client names the curve of the server's certificate, P-256, among the others.
  for (const [curves, admitted] of Object.entries({ 'P-521:P-256': 'in', 'X25519:P-256': 'out' })) {
    assert.equal(await admits('none', { ecdhCurve: curves, maxVersion: 'TLSv1.2' }), admitted, curves)
  }
})

const everybody = ['none', 'good', 'wrong-authority', 'expired', 'wrong-purpose']
const policies: [object, readonly string[]][] = [
  [{}, everybody],
  [{ client_auth_type: 'RequestClientCert' }, everybody],
  [{ client_auth_type: 'RequireAnyClientCert' }, everybody.slice(1)],
  [{ client_auth_type: 'RequireClientCert' }, everybody.slice(1)],
  [{ client_auth_type: 'RequireAnyClientCert', client_ca_file: 'authority.crt' }, everybody.slice(1)],
  [{ client_auth_type: 'VerifyClientCertIfGiven', client_ca_file: 'authority.crt' }, ['none', 'good']],
  [verify, ['good']],
]
for (const [tls, wanted] of policies) {
  test(`with ${JSON.stringify(tls)} these are let in: ${wanted.join(', ')}`, async () => {
    await setTls(tls)
    for (const client of everybody) {
      const expected = wanted.includes(client) ? 'in' : 'out'
      assert.equal(await admits(client, { maxVersion: 'TLSv1.2' }), expected, `${client} by TLS 1.2`)
      assert.equal(await admits(client), expected, `${client} by TLS 1.3`)
      assert.equal(await admits(client, {}, true), expected, `${client} by HTTP/2`)
    }
  })
}

test('client_allowed_sans lets in by DNS name, address, URI and email address, exactly, and never by common name', async () => {
  for (const name of ['prometheus.example', '10.0.0.1', '2001:DB8::0:1', 'spiffe://example/prom', 'ops@example.com']) {
    await setTls({ ...verify, client_allowed_sans: ['x.example', name] })
    assert.equal(await admits('good'), 'in', name)
    assert.equal(await admits('good', {}, true), 'in', name)
    assert.equal(await admits('other'), 'out', name)
  }
  await setTls({ ...verify, client_allowed_sans: ['prometheus.example'] })
  for (const client of ['none', 'prometheus.example', 'smuggler', 'expired', 'wrong-authority', 'wrong-purpose']) {
    assert.equal(await admits(client), 'out', client)
  }
  for (const near of ['*.example', 'PROMETHEUS.example', 'example', 'prometheus.example.', 'DNS:prometheus.example']) {
    await setTls({ ...verify, client_allowed_sans: [near] })
    assert.equal(await admits('good'), 'out', near)
  }
})

test('an intermediate as client_ca_file is refused unless its root is there, since no client would be let in', async () => {
  const between = await authority.intermediate('between')
  const below = await between.issue('below', {})
  clients.below = { ...below, cert: below.cert + between.cert }
  clients.alone = below
  // No list of names that is in force may be left out before.
  await setTls({})
  assert.equal(await admits('none'), 'in')
  await setTls({ ...verify, client_ca_file: 'authority.crt' })
  assert.deepEqual([await admits('below'), await admits('alone'), await admits('good')], ['in', 'out', 'in'])
  await writeFile(join(folder, 'both.crt'), between.cert + authority.cert)
  await setTls({ ...verify, client_ca_file: 'both.crt' })
  assert.deepEqual([await admits('below'), await admits('alone'), await admits('none')], ['in', 'in', 'out'])
  await setTls({ ...verify, client_ca_file: 'between.crt' })
  assert.deepEqual([await admits('below'), await admits('good'), await admits('none')], ['in', 'in', 'out'])
  const told = () => /client_ca_file: holds no certificate that signed itself/.test(JSON.stringify(exporter.lines))
  for (let look = 0; !told() && look < 100; look++) await new Promise((resolve) => setTimeout(resolve, 20))
  assert.ok(told())
})

test('no session of before lets a client in that the certificates of now would send away', async () => {
  for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
    await setTls({})
    const session = await sessionOf({ maxVersion }, 20_000)
    assert.ok(session !== undefined, 'without client certificates sessions are resumed')
    await setTls(verify)
    assert.equal(await admits('none', { maxVersion, session }), 'out', maxVersion)
    const { cert, key } = clients.good ?? {}
    const verified = await sessionOf({ maxVersion, ...(cert && { cert }), ...(key && { key }) })
    assert.equal(await admits('none', { maxVersion, ...(verified && { session: verified }) }), 'out', maxVersion)
    await setTls({ ...verify, client_ca_file: 'stranger.crt' })
    assert.equal(await admits('good', { maxVersion, ...(verified && { session: verified }) }), 'out', maxVersion)
  }
})

/** The session that the server gives within `limitMs`; undefined: none. */
async function sessionOf(tls: ConnectionOptions, limitMs = 300): Promise<Buffer | undefined> {
  const { port } = new URL(exporter.url)
  const socket = connect({ port: Number(port), host: '127.0.0.1', ca: authority.cert, ...tls })
  try {
    return await new Promise((resolve, reject) => {
      socket.once('session', resolve)
      socket.once('error', reject)
      setTimeout(() => resolve(undefined), limitMs)
    })
  } finally {
    socket.destroy()
  }
}

test('a client that is sent away is told in the log with the reason, and never costs the server', async () => {
  await setTls({ ...verify, client_allowed_sans: ['prometheus.example'] })
  assert.equal(await admits('other'), 'out')
  const told = () =>
    exporter.lines.some(
      ({ msg, err }) => msg === 'client sent away after its TLS handshake' && /client_allowed_sans/.test(String(err)),
    )
  await until('the line in the log', told)
  assert.equal(await admits('good'), 'in')
})

test('Prometheus scrapes it over mutual TLS with basic authentication, and not without either', async (t) => {
  // htpasswd's form of "scrape me".
  const prom = '$2y$04$QriGZiK3d9ugd0umQswBNO2N/NZkt571DX8lYHIhuxhtu1B11wsNq'
  await setTls({ ...verify, client_allowed_sans: ['prometheus.example'] }, { basic_auth_users: { prom } })
  const { certFile = '', keyFile = '' } = clients.good ?? {}
  const tls = { ca_file: authority.certFile, cert_file: certFile, key_file: keyFile }
  const basic_auth = { username: 'prom', password: 'scrape me' }
  const target = (case_: string, scrape: object) => ({
    url: exporter.url,
    labels: { case: case_ },
    scrape: { scheme: 'https', ...scrape },
  })
  const prometheus = await startPrometheus({
    scrapeMs: 500,
    targets: [
      target('right', { tls_config: tls, basic_auth }),
      target('http1', { tls_config: tls, basic_auth, enable_http2: false }),
      target('no password', { tls_config: tls }),
      target('no certificate', { tls_config: { ca_file: authority.certFile }, basic_auth }),
    ],
  })
  t.after(() => prometheus.stop())
  const deadline = Date.now() + 60_000
  for (;;) {
    const up = await prometheus.query('sum_over_time(up[1m]) >= 2 or count_over_time(up[1m]) > 3')
    const found = Object.fromEntries(up.map(({ labels, value }) => [labels.case, value]))
    if (Object.keys(found).length === 4 || Date.now() > deadline) break
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  const up = await prometheus.query('max_over_time(up[1m])')
  assert.deepEqual(Object.fromEntries(up.map(({ labels, value }) => [labels.case, value])), {
    right: 1,
    http1: 1,
    'no password': 0,
    'no certificate': 0,
  })
  const [built] = await prometheus.query('elbchurn_build_info{case="right"}')
  assert.equal(built?.value, 1)
})
