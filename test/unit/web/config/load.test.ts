import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import fc from 'fast-check'
import { ConfigError } from '../../../../exporter/service/config/load.ts'
import { checkWebConfig, readWebConfig } from '../../../../exporter/web/config/load.ts'
import type { WebConfig } from '../../../../exporter/web/config/web-config.ts'

const testdata = new URL('../../../testdata/', import.meta.url).pathname
const good = (name: string) => checkWebConfig(join(testdata, 'web-config/good', `${name}.yaml`))
let folder: string

before(() => {
  folder = mkdtempSync(join(tmpdir(), 'web-config-'))
})
after(() => rmSync(folder, { recursive: true }))

function faultsOf(path: string): readonly string[] {
  const { result } = readWebConfig(path)
  return result.ok ? [] : result.faults.map((fault) => fault.replace(`${path}:`, ''))
}

function faultsOfText(text: string): readonly string[] {
  const path = join(folder, 'web.yaml')
  writeFileSync(path, text)
  return faultsOf(path)
}

for (const name of readdirSync(join(testdata, 'web-config/bad'))) {
  test(`the web config ${name} is refused with its place and reason`, () => {
    const path = join(testdata, 'web-config/bad', name)
    const wanted = readFileSync(path, 'utf8').split('\n', 1)[0]?.replace(/^# /, '')
    assert.equal(faultsOf(path)[0], wanted?.replaceAll('{testdata}/', testdata))
  })
}

for (const name of readdirSync(join(testdata, 'web-config/good'))) {
  test(`the web config ${name} is taken`, () => {
    assert.deepEqual(faultsOf(join(testdata, 'web-config/good', name)), [])
  })
}

test('no fault of a user shows a character of the hash, and none of a key one of the key', () => {
  for (const name of readdirSync(join(testdata, 'web-config/bad'))) {
    const path = join(testdata, 'web-config/bad', name)
    const text = readFileSync(path, 'utf8')
    const hash = /\$2\w\$[^\s]{20,}/.exec(text)?.[0].slice(7)
    if (hash !== undefined) assert.ok(!faultsOf(path).join('\n').includes(hash.slice(0, 6)), name)
  }
  const [fault] = faultsOfText('tls_server_config:\n  cert: x\n  key: top-secret-key\n')
  assert.ok(fault !== undefined && !fault.includes('top-secret-key'))
  const plain = faultsOfText('basic_auth_users:\n  dave: correct horse\n')
  assert.ok(plain.length === 1 && !plain.join().includes('horse'))
})

test('all faults of a file are told at once, in the order of the file', () => {
  const text =
    'tls_server_config:\n  min_version: TLS10\nhttp_server_config:\n  headers: {Server: x}\nrate_limits: {}\n'
  assert.deepEqual(
    faultsOfText(text).map((fault) => fault.split(': ').slice(0, 2).join(' ')),
    [
      '2:3 tls_server_config',
      '2:3 tls_server_config',
      '2:16 tls_server_config.min_version',
      '4:13 http_server_config.headers.Server',
      '5:1 rate_limits',
    ],
  )
})

test('an empty file means plain HTTP for everybody, as with the toolkit', () => {
  const open: WebConfig = { tls: undefined, http2: true, headers: new Map(), users: undefined, rateLimit: undefined }
  for (const name of ['empty', 'comment-only', 'empty-sections']) assert.deepEqual(good(name), open, name)
})

test('paths are taken from the folder of the file, and inline PEM is the same as its file', () => {
  const { tls } = good('files')
  assert.equal(tls?.cert, readFileSync(join(testdata, 'tls/server.crt'), 'utf8'))
  assert.deepEqual(good('inline').tls, tls)
  assert.deepEqual(good('cert-file-key-inline').tls, tls)
})

test('an empty text or list is as none, as with the toolkit', () => {
  assert.deepEqual(good('empty-values'), good('files'))
})

test('suites and curves are named to OpenSSL in their order, and those of TLS 1.3 stay on', () => {
  const { tls } = good('ciphers-without-http2')
  const tls13 = 'TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256'
  assert.equal(tls?.ciphers, `${tls13}:ECDHE-ECDSA-AES256-GCM-SHA384`)
  assert.equal(tls?.honorCipherOrder, false)
  assert.equal(good('all-ciphers').tls?.ciphers?.split(':').length, 13)
  assert.equal(good('all-curves').tls?.ecdhCurve, 'P-256:P-384:P-521:X25519')
  assert.equal(good('tls13-only').tls?.minVersion, 'TLSv1.3')
})

test('users keep their names as they are, with hashes in the one form that is compared', () => {
  const { users } = good('users')
  assert.deepEqual([...(users?.hashes.keys() ?? [])].sort(), ['123', '__proto__', 'alice', 'bob', 'zoë'].sort())
  for (const [name, hash] of users?.hashes ?? []) assert.match(hash, /^\$2b\$\d\d\$/, name)
  // As dear as the dearest: an unknown name is never told by a quick answer.
  assert.match(users?.decoy ?? '', /^\$2b\$18\$.{53}$/)
})

test('a blank header is not set, and a limit of 0 is none', () => {
  assert.deepEqual(
    [...good('headers').headers],
    [
      ['Strict-Transport-Security', 'max-age=31536000; includeSubDomains'],
      ['X-Content-Type-Options', 'nosniff'],
      ['X-Frame-Options', 'sameorigin'],
      ['X-XSS-Protection', '0'],
    ],
  )
  assert.equal(good('rate-limit-off').rateLimit, undefined)
  assert.deepEqual(good('rate-limit').rateLimit, { intervalMs: 1_500, burst: 20 })
})

test('what is no file, too large, or no text is told and not read for ever', () => {
  assert.deepEqual(faultsOf(join(folder, 'nowhere.yaml')), ['1:1: (file): cannot be read: ENOENT'])
  assert.deepEqual(faultsOf('/dev/zero'), ['1:1: (file): is no regular file'])
  assert.match(faultsOfText('x'.repeat(1024 * 1024 + 1)).join(), /is larger than 1048576 bytes/)
})

test('whatever a file holds, it is read or refused with a place, and never with another error', () => {
  const keys = [
    'tls_server_config',
    'http_server_config',
    'basic_auth_users',
    'rate_limit',
    'headers',
    'interval',
    'cert',
  ]
  const { value } = fc.letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 4 },
      fc.constantFrom<unknown>(null, '', 0, true, 'TLS12', '1s', 'nosniff'),
      fc.array(tie('value'), { maxLength: 3 }),
      fc.dictionary(fc.constantFrom(...keys), tie('value')),
    ),
  }))
  fc.assert(
    fc.property(value, (file) => {
      const path = join(folder, 'any.yaml')
      writeFileSync(path, JSON.stringify(file))
      try {
        checkWebConfig(path)
      } catch (error) {
        assert.ok(error instanceof ConfigError, String(error))
        for (const fault of error.faults) assert.match(fault, /any\.yaml:\d+:\d+: ./)
      }
    }),
    { numRuns: 100 },
  )
})
