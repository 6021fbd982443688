/** Who may ask, how often, and what changes while the exporter runs: by the command line and its web config. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text as readText } from 'node:stream/consumers'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import bcrypt from 'bcrypt'
import { stringify } from 'yaml'
import { call } from '../lab/https-client.ts'
import { until } from '../until.ts'
import { Exporter } from './exporter.ts'

const main = fileURLToPath(new URL('../../exporter/main.ts', import.meta.url))
/** Asks nobody within the time of a test. */
const config = { clusters: [{ name: 'prod', dns: { resolvers: ['127.0.0.1:9'], names: [{ hostname: 'a.example' }] } }] }
const passwords = { dave: 'dave123', zoë: 'päss:wörd' }
/** About 20 ms of work. */
const cost = 8

let folder: string
let plain: Exporter
const hashes: Record<string, string> = {}

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'web-access-'))
  for (const [name, password] of Object.entries(passwords)) hashes[name] = await bcrypt.hash(password, cost)
  plain = await start('plain', {
    basic_auth_users: hashes,
    http_server_config: { headers: { 'X-Frame-Options': 'deny' } },
  })
})
after(async () => {
  await plain?.stop()
  await rm(folder, { recursive: true, force: true })
})

async function start(name: string, web: object, ...flags: string[]): Promise<Exporter> {
  await writeFile(join(folder, `${name}.yaml`), stringify(web))
  return await Exporter.start({
    config,
    folder,
    flags: [`--web.config.file=${join(folder, `${name}.yaml`)}`, ...flags],
  })
}

const basic = (credentials: string) => `Basic ${Buffer.from(credentials).toString('base64')}`

test('without the right password nothing is answered, on any path, by any method, health and reload too', async () => {
  const paths = [
    '/',
    '/metrics',
    '/config',
    '/-/healthy',
    '/-/ready',
    '/api/v1/status',
    '/nowhere',
    '//metrics',
    '/%2e%2e/metrics',
    '/%zz',
    '/metrics?user=dave',
    '/-/healthy/../metrics',
  ]
  for (const path of paths) {
    const { status, headers, body } = await call(plain.url + path)
    assert.deepEqual([status, headers['www-authenticate'], body], [401, 'Basic', 'Unauthorized\n'], path)
    assert.equal(headers['x-frame-options'], 'deny', path)
  }
  for (const method of ['HEAD', 'POST', 'PUT', 'OPTIONS', 'TRACE', 'DELETE', 'PATCH', 'PROPFIND']) {
    const body = method === 'POST' ? 'x'.repeat(100_000) : ''
    assert.equal((await call(`${plain.url}/-/reload`, { method, body })).status, 401, method)
  }
  const loads = plain.lines.filter(({ msg }) => msg === 'config reloaded')
  assert.deepEqual(loads, [])
})

test('whatever stands in for the Authorization header, nobody gets by', async () => {
  const right = basic('dave:dave123')
  const tries: Record<string, string | string[]>[] = [
    { authorization: '' },
    { authorization: basic('dave:') },
    { authorization: basic('dave') },
    { authorization: basic(':dave123') },
    { authorization: basic('Dave:dave123') },
    { authorization: basic('dave:dave123 ') },
    { authorization: basic('dave:dave123\0') },
    { authorization: basic('dave\0:dave123') },
    { authorization: basic('__proto__:') },
    { authorization: basic('zoe\u0308:päss:wörd') },
    { authorization: `Basic ${Buffer.from('zo\xeb:p\xe4ss:w\xf6rd', 'latin1').toString('base64')}` },
    { authorization: basic(`dave:${hashes.dave}`) },
    { authorization: right.replace('Basic', 'Bearer') },
    { authorization: right.replace('Basic ', '') },
    { authorization: `${right}, ${right}` },
    { authorization: ['Basic eDp5', right] },
    { 'proxy-authorization': right },
    { 'x-authorization': right },
    { 'x-forwarded-user': 'dave' },
    { cookie: `authorization=${right}` },
  ]
  for (const headers of tries) {
    assert.equal((await call(`${plain.url}/metrics`, { headers })).status, 401, JSON.stringify(headers))
  }
  assert.equal((await call(`${plain.url.replace('//', '//dave@')}/metrics`)).status, 401)
})

test('requests on one connection are each looked at, pipelined or smuggled behind a body', async () => {
  const { port, hostname } = new URL(plain.url)
  const right = `GET /-/healthy HTTP/1.1\r\nHost: x\r\nAuthorization: ${basic('dave:dave123')}\r\n\r\n`
  const without = 'GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n'
  const behind = `POST /-/reload HTTP/1.1\r\nHost: x\r\nContent-Length: ${right.length}\r\n\r\n${right}`
  const end = 'GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n'
  for (const [sent, codes] of [
    [right + without + right + end, [200, 401, 200, 401]],
    [behind + end, [401, 401]],
  ] as const) {
    const socket = connect(Number(port), hostname)
    socket.setTimeout(5_000, () => socket.destroy(new Error('no end within 5 s')))
    socket.write(sent)
    const answers = [...(await readText(socket)).matchAll(/^HTTP\/1\.1 (\d+)/gm)].map(([, code]) => Number(code))
    assert.deepEqual(answers, codes)
  }
})

test('the right password opens all paths, with colons and in UTF-8, and 40 logins at once are one comparison', async () => {
  for (const [name, password] of Object.entries(passwords)) {
    const headers = { authorization: basic(`${name}:${password}`) }
    assert.equal((await call(`${plain.url}/-/healthy`, { headers })).status, 200, name)
    assert.equal((await call(`${plain.url}/nowhere`, { headers })).status, 404, name)
  }
  const all = await Promise.all(
    Array.from({ length: 40 }, () => call(`${plain.url}/-/healthy`, { auth: 'dave:dave123' })),
  )
  assert.ok(all.every(({ status }) => status === 200))
})

test('the time of a refusal does not tell whether a user exists', async () => {
  const times: Record<'known' | 'unknown', number[]> = { known: [], unknown: [] }
  for (let round = 0; round < 25; round++) {
    for (const [kind, user] of [
      ['known', 'dave'],
      ['unknown', `nobody${round}`],
    ] as const) {
      const started = performance.now()
      assert.equal((await call(`${plain.url}/metrics`, { auth: `${user}:wrong ${round}` })).status, 401)
      times[kind].push(performance.now() - started)
    }
  }
  // The least of each: whatever else a machine does, it only makes a request longer.
  const [known, unknown] = [Math.min(...times.known), Math.min(...times.unknown)]
  const told = `known ${known} ms, unknown ${unknown} ms`
  assert.ok(known / unknown > 0.67 && known / unknown < 1.5, told)
  // A refusal that costs no comparison would be far below.
  assert.ok(unknown > 5, told)
})

test('no password, hash or header of credentials is in the log', () => {
  const log = JSON.stringify(plain.lines)
  for (const secret of ['dave123', 'wrong 1', hashes.dave ?? '', basic('dave:dave123')])
    assert.ok(!log.includes(secret))
})

test('beyond the burst of rate_limit requests get 429 with the headers, whoever asks, and soon pass again', async (t) => {
  const limited = await start('limited', {
    rate_limit: { interval: '3s', burst: 5 },
    http_server_config: { headers: { 'X-Frame-Options': 'deny' } },
    basic_auth_users: { dave: hashes.dave },
  })
  t.after(() => limited.stop())
  const statuses: number[] = []
  for (let request = 0; request < 8; request++) {
    const { status, headers } = await call(
      `${limited.url}/-/healthy`,
      request % 2 === 0 ? { auth: 'dave:dave123' } : {},
    )
    statuses.push(status)
    assert.equal(headers['x-frame-options'], 'deny')
  }
  assert.deepEqual(statuses.slice(0, 5), [200, 401, 200, 401, 200])
  assert.ok(statuses.slice(5).includes(429), statuses.join())
  await new Promise((resolve) => setTimeout(resolve, 3_100))
  assert.equal((await call(`${limited.url}/-/healthy`, { auth: 'dave:dave123' })).status, 200)
})

test('more scrapes at once than --web.max-requests get 503, other paths do not, and the next scrape passes', async (t) => {
  const narrow = await Exporter.start({ config, flags: ['--web.max-requests=1'] })
  t.after(() => narrow.stop())
  const headers = { 'accept-encoding': 'gzip' }
  const scrapes = await Promise.all(Array.from({ length: 30 }, () => call(`${narrow.url}/metrics`, { headers })))
  const statuses = Map.groupBy(scrapes, ({ status }) => status)
  assert.deepEqual([...statuses.keys()].sort(), [200, 503])
  assert.match(statuses.get(503)?.[0]?.body ?? '', /--web\.max-requests/)
  const healths = await Promise.all(Array.from({ length: 30 }, () => call(`${narrow.url}/-/healthy`)))
  assert.ok(healths.every(({ status }) => status === 200))
  assert.equal((await call(`${narrow.url}/metrics`)).status, 200)
})

test('a file that is broken while the exporter runs opens nothing, stops nothing, and is told with its faults', async () => {
  const path = join(folder, 'plain.yaml')
  const good = await readFile(path, 'utf8')
  for (const broken of ['', 'basic_auth_users:\n', 'basic_auth_users: {dave: x', good.replaceAll('$2b$', '$9$')]) {
    await writeFile(path, broken)
    assert.equal((await call(`${plain.url}/metrics`)).status, 401, broken)
    assert.equal((await call(`${plain.url}/-/healthy`, { auth: 'dave:dave123' })).status, 200, broken)
  }
  await rm(path)
  assert.equal((await call(`${plain.url}/metrics`)).status, 401)
  const told = () =>
    plain.lines.filter(({ msg }) => msg === 'web config reload failed; the previous config stays in force')
  await until('four lines', () => told().length >= 4)
  assert.equal(told().length, 4)
  assert.match(JSON.stringify(told()), /plain\.yaml:1:1: basic_auth_users: taking away all users needs a restart/)
  const inForce = async () => {
    const { body } = await call(`${plain.url}/metrics`, { auth: 'dave:dave123' })
    return /^elbchurn_web_config_last_reload_successful (\d)$/m.exec(body)?.[1]
  }
  assert.equal(await inForce(), '0')
  await writeFile(path, good)
  assert.equal(await inForce(), '1')
})

test('a faulty web config keeps the exporter from starting and tells every fault, as check-config does', async () => {
  const bad = join(folder, 'bad.yaml')
  await writeFile(
    bad,
    'tls_server_config: {cert_file: a.crt, key_file: a.key, min_version: TLS11}\nbasic_auth_users: {dave: dave123}\n',
  )
  const good = join(folder, 'config.yaml')
  const run = (...args: string[]) => spawnSync(process.execPath, [main, ...args], { encoding: 'utf8', timeout: 60_000 })
  const started = run(`--config.file=${good}`, '--web.listen-address=127.0.0.1:0', `--web.config.file=${bad}`)
  assert.equal(started.status, 1)
  for (const place of [
    `${bad}:1:69: tls_server_config.min_version: TLS11 is refused`,
    `${bad}:2:26: basic_auth_users.dave: `,
  ]) {
    assert.ok(started.stderr.includes(place), started.stderr)
  }
  const checked = run('check-config', good, `--web.config.file=${bad}`)
  assert.equal(checked.status, 1)
  assert.equal(checked.stderr.trimEnd().split('\n').length, 2)
  assert.ok(checked.stderr.startsWith(`${bad}:1:`))
  await writeFile(bad, stringify({ basic_auth_users: hashes }))
  const repaired = run('check-config', good, `--web.config.file=${bad}`)
  assert.deepEqual([repaired.status, repaired.stdout], [0, `${good}: valid, 1 cluster\n${bad}: valid\n`])
  assert.equal(run(`--config.file=${good}`, '--web.max-requests=many').status, 1)
})
