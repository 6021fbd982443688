/** The file that says who may talk to the exporter: whatever stands in it, it never opens by mistake. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parse } from 'yaml'
import { readWebConfig } from '../../../exporter/web/config/load.ts'
import type { FuzzTarget } from '../target.ts'

const hash = '$2y$10$QOauhQNbBCuQDKes6eFzPeMqBSjb7Mr5DUmpZ/VcEd00UAV/LDeSi'
const seeds = [
  `basic_auth_users:\n  prometheus: ${hash}\n  other: ${hash}\n`,
  'tls_server_config: {cert_file: a.crt, key_file: a.key, client_auth_type: RequireAndVerifyClientCert, client_ca_file: c}\n',
  'http_server_config: {http2: true, headers: {X-Frame-Options: deny, Strict-Transport-Security: max-age=1}}\n',
  `rate_limit: {interval: 1s, burst: 5}\nbasic_auth_users: {a: "${hash}"}\n`,
  'tls_server_config: {min_version: TLS12, max_version: TLS13, cipher_suites: [TLS_AES_128_GCM_SHA256]}\n',
  '',
]

export const webConfig: FuzzTarget = {
  name: 'web-config',
  seeds: () => seeds.map((text) => Buffer.from(text)),
  run(data) {
    const folder = mkdtempSync(join(tmpdir(), 'fuzz-web-'))
    try {
      const path = join(folder, 'web.yaml')
      writeFileSync(path, data)
      check(path, data.toString())
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  },
}

function check(path: string, text: string): void {
  const { result } = readWebConfig(path)
  if (!result.ok) {
    assert.ok(result.faults.length > 0)
    for (const fault of result.faults) {
      assert.match(fault.replace(path, 'web.yaml'), /^web\.yaml:[1-9]\d*:[1-9]\d*: ./s)
      assert.ok(!fault.includes(hash.slice(7)), 'a fault shows a password hash')
    }
    return
  }
  const { users, tls } = result.config
  const said: unknown = parse(text) ?? {}
  if (typeof said !== 'object') return
  const names = Object.keys((said as { basic_auth_users?: object | null }).basic_auth_users ?? {})
  assert.deepEqual(
    [...(users?.hashes.keys() ?? [])].sort(),
    names.sort(),
    'every user that is named is asked for a password',
  )
  const section = (said as { tls_server_config?: object | null }).tls_server_config
  const wanted = Object.values(section ?? {}).some((value) => value !== null && value !== '')
  assert.equal(tls !== undefined, wanted, 'TLS that is asked for is there, and its absence is meant')
}
