/** Certificates and users that change while requests go on: by the command line and its web config. */
import assert from 'node:assert/strict'
import { cp, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { Agent, request as httpsRequest } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import bcrypt from 'bcrypt'
import { stringify } from 'yaml'
import { Authority } from '../lab/certificates.ts'
import { call } from '../lab/https-client.ts'
import { Exporter } from './exporter.ts'

/** Asks nobody within the time of a test. */
const config = { clusters: [{ name: 'prod', dns: { resolvers: ['127.0.0.1:9'], names: [{ hostname: 'a.example' }] } }] }

test('users and certificates change under load without a request lost, and count at once', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'web-reload-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  const authority = await Authority.create(folder, 'authority')
  const hash = await bcrypt.hash('dave123', 8)
  for (const version of ['one', 'two']) {
    const { certFile, keyFile } = await authority.issue(version, { usage: 'serverAuth', names: ['IP:127.0.0.1'] })
    await cp(certFile, join(folder, `set-${version}`, 'tls.crt'))
    await cp(keyFile, join(folder, `set-${version}`, 'tls.key'))
    const users = { steady: hash, ...(version === 'one' ? { old: hash } : { new: hash }) }
    const tls_server_config = { cert_file: 'data/tls.crt', key_file: 'data/tls.key' }
    await writeFile(join(folder, `${version}.yaml`), stringify({ tls_server_config, basic_auth_users: users }))
  }
  const use = async (version: string) => {
    await symlink(`set-${version}`, join(folder, 'next'))
    await rename(join(folder, 'next'), join(folder, 'data'))
    await cp(join(folder, `${version}.yaml`), join(folder, 'next.yaml'))
    await rename(join(folder, 'next.yaml'), join(folder, 'rotated.yaml'))
  }
  await use('one')
  const flags = [`--web.config.file=${join(folder, 'rotated.yaml')}`]
  const exporter = await Exporter.start({ config, folder, flags })
  t.after(() => exporter.stop())
  const ca = authority.cert
  const get = (user: string, http2 = false) =>
    call(`${exporter.url}/-/healthy`, { auth: `${user}:dave123`, tls: { ca }, http2 })
  const kept = new Agent({ ca, keepAlive: true, maxSockets: 4 })
  t.after(() => kept.destroy())
  let done = 0
  let running = true
  const load = async (send: () => Promise<number>) => {
    for (; running; done++) assert.equal(await send(), 200)
  }
  const loads = [
    ...[1, 2, 3].map(() => load(() => statusOf(exporter.url, kept))),
    load(async () => (await get('steady')).status),
    load(async () => (await get('steady', true)).status),
  ]
  for (let change = 0; change < 12; change++) {
    const version = change % 2 === 0 ? 'two' : 'one'
    await use(version)
    const [now, gone] = version === 'two' ? ['new', 'old'] : ['old', 'new']
    const answer = await get(now)
    assert.deepEqual([answer.status, answer.server], [200, version])
    assert.equal((await get(gone)).status, 401)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  running = false
  await Promise.all(loads)
  assert.ok(done > 100, `${done} requests`)
  const errors = exporter.lines.filter(({ level }) => level === 'error')
  assert.deepEqual(
    errors.filter(({ msg }) => String(msg).includes('web config')),
    [],
  )
})

async function statusOf(url: string, agent: Agent): Promise<number> {
  return await new Promise((resolve, reject) => {
    const request = httpsRequest(`${url}/-/healthy`, { agent, auth: 'steady:dave123', timeout: 10_000 }, (response) => {
      response.resume().once('end', () => resolve(response.statusCode ?? 0))
    })
    request.once('error', reject)
    request.end()
  })
}
