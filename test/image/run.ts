/**
 * Runs the program of the image as a container runtime does: node run.ts ROOT CONFIG STATE. ROOT is read-only, CONFIG and
 * STATE are what is mounted at its /config and /state; process 1 of a namespace of its own; users that own nothing.
 */
import assert from 'node:assert/strict'
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { hash } from 'bcrypt'
import { LabDns } from '../lab/dns-server.ts'

const [root = '', config = '', state = ''] = process.argv.slice(2)
/** What OpenShift gives: any number, in the group 0. */
const anybody = '1000730000:0'
const password = 'scrape me'
/** By its path, since what it starts has no PATH, as in the image. */
const chroot = execFileSync('sh', ['-c', 'command -v chroot'], { encoding: 'utf8' }).trim()
const program = ['/usr/local/bin/node', '--max-semi-space-size=8', '/app/dist/exporter/main.js']

const dns = await LabDns.start()
const hostname = 'image.example.com'
dns.set(hostname, 'A', ['192.0.2.1'])
const watched = { name: 'image', dns: { resolvers: [dns.address], names: [{ hostname }] } }
writeFileSync(join(config, 'config.yaml'), JSON.stringify({ clusters: [watched] }))
writeFileSync(join(config, 'web.yaml'), `basic_auth_users: {prometheus: "${await hash(password, 10)}"}\n`)
chmodSync(state, 0o777) // as a volume is with fsGroup

checkCommands()
const startsMs: number[] = []
for (const user of ['65532:65532', anybody, anybody]) startsMs.push(await serve(user))
const median = startsMs.sort((left, right) => left - right)[1] ?? 0
await dns.close()
process.stdout.write(`image: it listens ${Math.round(median)} ms after its start (median of 3)\n`)

function run(...args: string[]) {
  const argv = ['-i', chroot, `--userspec=${anybody}`, root, ...program, ...args]
  const { status, stdout, stderr } = spawnSync('env', argv, { encoding: 'utf8', timeout: 20_000 })
  return { status, stdout, stderr }
}

function checkCommands(): void {
  const { version } = JSON.parse(readFileSync('package.json', 'utf8'))
  assert.equal(run('--version').stdout, `elb-churn-exporter, version ${version} (node ${process.version})\n`)
  assert.equal(run('check-config', '/config/config.yaml', '--web.config.file=/config/web.yaml').status, 0)
  assert.match(run('rules').stdout, /^kind: PrometheusRule$/m)
  // Nothing can be written here, so the refusal of the first board's file is what shows that the boards were found.
  const refused = run('dashboards', '--out=/app')
  assert.equal(refused.status, 1)
  assert.match(refused.stderr, /EROFS.*elb-churn-dns\.json/)
  assert.equal(run('dashboards', '--out=/state').status, 0)
}

/** Starts, scrapes with and without the password, and stops. Returns the time until it listens, in ms. */
async function serve(user: string): Promise<number> {
  const startedAt = performance.now()
  const child = start(user)
  const ended = once(child, 'exit')
  try {
    const { url, atMs } = await listening(child)
    await scrape(url)
    await ready(url)
    const pid = processOne(child)
    const askedAt = performance.now()
    process.kill(pid, 'SIGTERM')
    const limit = setTimeout(() => process.kill(pid, 'SIGKILL'), 5_000)
    const [code] = await ended
    clearTimeout(limit)
    assert.equal(code, 0, `exit code as ${user}, ${Math.round(performance.now() - askedAt)} ms after SIGTERM`)
    assert.match(readFileSync(join(state, 'state.json'), 'utf8'), /192\.0\.2\.1/, 'what it saw is saved')
    rmSync(join(state, 'state.json'))
    return atMs - startedAt
  } finally {
    child.kill('SIGKILL')
  }
}

function start(user: string): ChildProcess {
  const flags = ['--config.file=/config/config.yaml', '--web.config.file=/config/web.yaml', '--storage.path=/state']
  const argv = ['--pid', '--fork', '--kill-child', 'env', '-i', chroot, `--userspec=${user}`, root, ...program]
  argv.push(...flags, '--web.listen-address=127.0.0.1:0')
  return spawn('unshare', argv, { stdio: ['ignore', 'inherit', 'pipe'] })
}

async function listening({ stderr }: ChildProcess): Promise<{ url: string; atMs: number }> {
  const lines: string[] = []
  if (stderr === null) throw new Error('it has no standard error')
  const limit = setTimeout(() => stderr.destroy(), 20_000)
  for await (const line of createInterface({ input: stderr })) {
    lines.push(line)
    if (!line.includes('"listening"')) continue
    const { address } = JSON.parse(line)
    clearTimeout(limit)
    stderr.resume()
    return { url: address, atMs: performance.now() }
  }
  throw new Error(`it did not listen: ${lines.join('\n')}`)
}

/** Once its answer has come, there is something to save. */
async function ready(url: string): Promise<void> {
  const headers = { authorization: authorization(password) }
  for (let tries = 0; tries < 100; tries++) {
    const { status } = await fetch(`${url}/-/ready`, { headers, signal: AbortSignal.timeout(5_000) })
    if (status === 200) return
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  throw new Error('it is not ready within 5 s')
}

function authorization(secret: string): string {
  return `Basic ${Buffer.from(`prometheus:${secret}`).toString('base64')}`
}

/** The native addon for bcrypt has to load for the right password to be let in. */
async function scrape(url: string): Promise<void> {
  const get = async (path: string, secret?: string) => {
    const headers = secret === undefined ? {} : { authorization: authorization(secret) }
    return await fetch(url + path, { headers, signal: AbortSignal.timeout(5_000) })
  }
  assert.equal((await get('/metrics')).status, 401)
  assert.equal((await get('/metrics', 'wrong')).status, 401)
  const scraped = await get('/metrics', password)
  assert.equal(scraped.status, 200)
  assert.match(await scraped.text(), /^elbchurn_build_info\{/m)
  assert.equal((await get('/', password)).status, 200)
}

/** The child of `unshare`, which is process 1 where it lives. */
function processOne({ pid }: ChildProcess): number {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').map(Number)
  const [first = 0] = children
  const namespaces = /^NSpid:\s+(.*)$/m.exec(readFileSync(`/proc/${first}/status`, 'utf8'))?.[1]?.split('\t')
  assert.equal(namespaces?.at(-1), '1')
  return first
}
