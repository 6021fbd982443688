import assert from 'node:assert/strict'
import { cpSync, mkdtempSync, renameSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { systemClock } from '../../../../exporter/service/clock.ts'
import { createLogger } from '../../../../exporter/service/log.ts'
import { WebConfigInForce } from '../../../../exporter/web/config/in-force.ts'
import { checkWebConfig } from '../../../../exporter/web/config/load.ts'

const certificates = new URL('../../../testdata/tls/', import.meta.url).pathname
const hashes = ['$2b$04$', '$2b$05$'].map((start) => start + 'a'.repeat(53))
const tls = 'tls_server_config: {cert_file: server.crt, key_file: server.key}\n'
const dave = `basic_auth_users: {dave: ${hashes[0]}}\n`

function setUp(t: TestContext, text: string) {
  const folder = mkdtempSync(join(tmpdir(), 'in-force-'))
  t.after(() => rmSync(folder, { recursive: true }))
  cpSync(certificates, folder, { recursive: true })
  const path = join(folder, 'web.yaml')
  writeFileSync(path, text)
  const lines: { msg: string; errors?: string[]; key?: string }[] = []
  const log = createLogger('info', 'json', { write: (line) => void lines.push(JSON.parse(line)) })
  const reads: boolean[] = []
  const options = { path, clock: systemClock, log, onRead: (ok: boolean) => void reads.push(ok) }
  const inForce = new WebConfigInForce(options, checkWebConfig(path))
  return { folder, path, lines, reads, inForce, write: (next: string) => writeFileSync(path, next) }
}

test('users, headers and certificates are in force from the next look on, and what did not change is not read again', (t) => {
  const { folder, lines, reads, inForce, write } = setUp(t, tls + dave)
  const first = inForce.current()
  assert.equal(inForce.current().tls, first.tls)
  write(`${tls}basic_auth_users: {erin: ${hashes[1]}}\nhttp_server_config: {headers: {X-Frame-Options: deny}}\n`)
  const second = inForce.current()
  assert.deepEqual([...(second.users?.hashes.keys() ?? [])], ['erin'])
  assert.equal(second.headers.get('X-Frame-Options'), 'deny')
  assert.equal(second.tls, first.tls, 'the same certificates keep their TLS server')
  cpSync(join(certificates, 'client.crt'), join(folder, 'server.crt'))
  cpSync(join(certificates, 'client.key'), join(folder, 'server.key'))
  assert.notEqual(inForce.current().tls?.cert, first.tls?.cert)
  assert.deepEqual(new Set(lines.map(({ msg }) => msg)), new Set(['web config reloaded']))
  const before = reads.length
  for (let look = 0; look < 20; look++) inForce.current()
  assert.equal(reads.length, before)
})

test('two writes of one size within a tick of the clock are both seen', (t) => {
  const { path, inForce, write } = setUp(t, `basic_auth_users: {aaaa: ${hashes[0]}}\n`)
  const at = new Date()
  for (const name of ['bbbb', 'cccc', 'dddd']) {
    write(`basic_auth_users: {${name}: ${hashes[0]}}\n`)
    utimesSync(path, at, at)
    assert.deepEqual([...(inForce.current().users?.hashes.keys() ?? [])], [name])
  }
})

test('a folder swapped by its symbolic link, as Kubernetes does it, is seen', (t) => {
  const { folder, inForce, path } = setUp(t, dave)
  for (const [name, user] of [
    ['one', 'first'],
    ['two', 'second'],
  ] as const) {
    cpSync(certificates, join(folder, name), { recursive: true })
    writeFileSync(join(folder, name, 'web.yaml'), `basic_auth_users: {${user}: ${hashes[0]}}\n`)
    symlinkSync(name, join(folder, 'next'))
    renameSync(join(folder, 'next'), join(folder, '..data'))
    rmSync(path)
    symlinkSync('..data/web.yaml', path)
    assert.deepEqual([...(inForce.current().users?.hashes.keys() ?? [])], [user])
  }
})

const broken: [string, string, RegExp][] = [
  ['is no YAML', 'basic_auth_users: {dave', /Flow map/],
  ['has an unknown key', `${dave}users: {}\n`, /users: unknown key/],
  ['was cut to nothing', '', /taking away all users needs a restart/],
  ['lost its users', tls, /taking away all users needs a restart/],
  ['lost its certificate', dave, /turning TLS off needs a restart/],
  ['has a hash that is none', `${tls}basic_auth_users: {dave: dave123}\n`, /is no bcrypt hash/],
  [
    'names a certificate that is not there',
    tls.replace('server.crt', 'new.crt') + dave,
    /new\.crt cannot be read: ENOENT/,
  ],
]
for (const [what, text, reason] of broken) {
  test(`a web config that ${what} changes nothing, is told once, and is left as soon as it is whole again`, (t) => {
    const { lines, reads, inForce, write } = setUp(t, tls + dave)
    const first = inForce.current()
    write(text)
    for (let look = 0; look < 5; look++) {
      const { users, tls: now } = inForce.current()
      assert.deepEqual(users, first.users)
      assert.equal(now, first.tls)
    }
    assert.equal(lines.length, 1)
    assert.equal(lines[0]?.msg, 'web config reload failed; the previous config stays in force')
    assert.match(lines[0]?.errors?.join('\n') ?? '', reason)
    assert.equal(reads.at(-1), false)
    write(`${tls}basic_auth_users: {erin: ${hashes[1]}}\n`)
    assert.deepEqual([...(inForce.current().users?.hashes.keys() ?? [])], ['erin'])
    assert.equal(reads.at(-1), true)
  })
}

test('a file that is gone, or a key that does not fit its certificate yet, leaves the last good pair in force', (t) => {
  const { folder, path, lines, inForce } = setUp(t, tls + dave)
  const { tls: first } = inForce.current()
  cpSync(join(certificates, 'client.crt'), join(folder, 'server.crt'))
  assert.equal(inForce.current().tls, first, 'the certificate was written before its key')
  cpSync(join(certificates, 'client.key'), join(folder, 'server.key'))
  const { tls: second } = inForce.current()
  assert.notEqual(second, first)
  rmSync(path)
  assert.equal(inForce.current().tls, second)
  assert.match(lines.at(-1)?.errors?.join() ?? '', /cannot be read: ENOENT/)
})

test('a file that cannot even be looked at leaves the last good one in force, and counts again once it can', (t) => {
  // As a folder that may not be entered, which stops nobody who is root.
  for (const spoilt of ['web.yaml', 'server.key']) {
    const { folder, lines, reads, inForce } = setUp(t, tls + dave)
    const first = inForce.current()
    const path = join(folder, spoilt)
    renameSync(path, join(folder, 'aside'))
    symlinkSync(path, path)
    for (let look = 0; look < 3; look++) assert.deepEqual(inForce.current(), first, spoilt)
    assert.match(lines.at(-1)?.errors?.join() ?? '', /cannot be read: ELOOP/)
    assert.equal(reads.at(-1), false)
    renameSync(join(folder, 'aside'), path)
    assert.deepEqual(inForce.current(), first)
    assert.equal(reads.at(-1), true)
  }
})

test('a certificate that comes later than the config that names it is taken without another write of the config', (t) => {
  const { folder, inForce, write } = setUp(t, tls + dave)
  write(tls.replaceAll('server.', 'new.') + dave)
  const { tls: first } = inForce.current()
  for (const kind of ['crt', 'key']) cpSync(join(certificates, `client.${kind}`), join(folder, `new.${kind}`))
  assert.notEqual(inForce.current().tls, first)
})

test('what is fixed at the start is told when it changes, and users may be added to a server that had none', (t) => {
  const { lines, inForce, write } = setUp(t, tls)
  write(`${tls + dave}rate_limit: {interval: 1s, burst: 1}\nhttp_server_config: {http2: false}\n`)
  assert.ok(inForce.current().users?.hashes.has('dave'))
  const told = lines.filter(({ msg }) => msg === 'change of the web config needs a restart').map(({ key }) => key)
  assert.deepEqual(told, ['http_server_config.http2', 'rate_limit'])
})

for (const order of ['in the order of the documentation', 'backwards']) {
  test(`a file ${order} that was cut short anywhere lets nobody in whom the whole one sends away`, (t) => {
    const section =
      'tls_server_config:\n  cert_file: server.crt\n  key_file: server.key\n  client_ca_file: ca.crt\n' +
      '  client_auth_type: RequireAndVerifyClientCert\n  client_allowed_sans:\n    - prometheus.example\n' +
      '  min_version: TLS13\n'
    const users = `basic_auth_users:\n  dave: ${hashes[0]}\n`
    const whole = order === 'backwards' ? users + section : section + users
    const { inForce, write } = setUp(t, whole)
    for (let length = 0; length < whole.length; length++) {
      write(whole.slice(0, length))
      const { tls: now, users } = inForce.current()
      assert.equal(now?.clients.policy, 'RequireAndVerifyClientCert', `cut after ${length}`)
      assert.equal(now.minVersion, 'TLSv1.3', `cut after ${length}`)
      assert.ok(now.clients.allowed !== undefined && users !== undefined, `cut after ${length}`)
    }
    write(
      `${tls.replace('}', ', client_auth_type: NoClientCert, min_version: TLS12}')}basic_auth_users: {dave: ${hashes[0]}}\n`,
    )
    assert.equal(inForce.current().tls?.clients.policy, 'NoClientCert', 'said, and so meant')
    assert.equal(inForce.current().tls?.minVersion, 'TLSv1.2')
  })
}

test('a file of nonsense is told in a line of log that can be read', (t) => {
  const { lines, inForce, write } = setUp(t, dave)
  write(`? ${'x'.repeat(5_000)}\n: 1\n${Array.from({ length: 10_000 }, (_, index) => `key${index}: 1\n`).join('')}`)
  inForce.current()
  const errors = lines.at(-1)?.errors ?? []
  assert.equal(errors.length, 21)
  assert.equal(errors.at(-1), 'and 9981 more')
  assert.ok(JSON.stringify(errors).length < 10_000)
})
