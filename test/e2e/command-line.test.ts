import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { stolenTime } from '../stolen-time.ts'
import { Exporter } from './exporter.ts'
import { apiName, World } from './world.ts'

const main = fileURLToPath(new URL('../../exporter/main.ts', import.meta.url))
let folder: string

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'command-line-'))
})
after(() => rm(folder, { recursive: true, force: true }))

function run(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...args], {
    encoding: 'utf8',
    env: { PATH: process.env.PATH, HOME: folder },
    timeout: 60_000,
  })
  return { status, stdout, stderr }
}

test('--version and --help print and exit 0', () => {
  const version = run('--version')
  assert.equal(version.status, 0)
  assert.match(version.stdout, /^elb-churn-exporter, version \d+\.\d+\.\d+ /)
  const help = run('--help')
  assert.equal(help.status, 0)
  assert.match(help.stdout, /check-config/)
  assert.deepEqual(run('-h'), help)
  const serve = run('serve', '--help')
  for (const flag of ['--config.file', '--web.listen-address', '--storage.path', '--log.level', '--log.format']) {
    assert.ok(serve.stdout.includes(flag), flag)
  }
})

test('SIGHUP while it is still being loaded does not end it', () => {
  const hooks = `import { registerHooks } from 'node:module'
    const hangUp = (url) => url.endsWith('/commands/serve.ts') && process.kill(process.pid, 'SIGHUP')
    registerHooks({ load: (url, context, next) => (hangUp(url), next(url, context)) })`
  const argv = ['--import', `data:text/javascript,${encodeURIComponent(hooks)}`, main, '--version']
  const { status, signal } = spawnSync(process.execPath, argv, { timeout: 20_000 })
  assert.deepEqual({ status, signal }, { status: 0, signal: null })
})

test('a flag or a value that does not exist is refused', () => {
  for (const args of [['--nope'], ['--log.level=loud'], ['--log.format=xml'], ['frob']]) {
    const { status, stderr } = run(...args)
    assert.equal(status, 1, args.join())
    assert.match(stderr, /error: /)
  }
  assert.equal(run('--web.listen-address=nowhere').status, 1)
  assert.match(run('frob').stderr, /unknown command 'frob'/)
})

test('check-config exits 0 for a good file, and 1 with each fault as FILE:LINE:COL: path: what is wrong', async () => {
  const good = join(folder, 'good.yaml')
  await writeFile(good, 'clusters:\n  - name: a\n    nodes: {}\n')
  assert.equal(run('check-config', good).status, 0)
  const bad = join(folder, 'bad.yaml')
  await writeFile(bad, 'retention: soon\nclusters:\n  - name: a\n    node: {}\n')
  const { status, stderr } = run('check-config', bad)
  assert.equal(status, 1)
  const lines = stderr.trimEnd().split('\n')
  assert.match(lines[0] ?? '', new RegExp(`^${bad}:1:12: retention: "soon" is not a duration`))
  assert.ok(lines.some((line) => line.startsWith(`${bad}:4:5: clusters[0].node: unknown key`)))
  assert.equal(run('check-config', join(folder, 'missing.yaml')).status, 1)
})

test('a bad config at start exits 1 and tells every fault', async () => {
  const bad = join(folder, 'start.yaml')
  await writeFile(bad, 'clusters: []\nfoo: 1\n')
  const { status, stderr } = run(`--config.file=${bad}`, '--web.listen-address=127.0.0.1:0')
  assert.equal(status, 1)
  assert.match(stderr, /start\.yaml:1:11: clusters: must not be empty/)
  assert.match(stderr, /start\.yaml:2:1: foo: unknown key/)
})

test('without a config and without a cluster to be found it says what to give', () => {
  const { status, stderr } = run('--web.listen-address=127.0.0.1:0')
  assert.equal(status, 1)
  assert.match(stderr, /Give --config\.file/)
})

test('a port that is taken is told and exits 1, also where another one is listened on by then', async () => {
  const taken = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => taken.once('listening', resolve))
  const address = taken.address()
  const port = typeof address === 'object' ? address?.port : 0
  const config = join(folder, 'taken.yaml')
  await writeFile(config, 'clusters: [{name: a, dns: {names: [{hostname: a.example}]}}]\n')
  const flags = [`--config.file=${config}`, `--web.listen-address=127.0.0.1:${port}`]
  for (const before of [[], ['--web.listen-address=127.0.0.1:0']]) {
    const { status, stderr } = run(...before, ...flags)
    assert.equal(status, 1)
    assert.match(stderr, /EADDRINUSE/)
  }
  taken.close()
})

test('without --config.file the current kubeconfig context, its API hostname and the system resolver are watched', async (t) => {
  const world = await World.start()
  t.after(() => world.close())
  const kubeconfig = join(folder, 'kubeconfig')
  await world.kubernetes.writeKubeconfig(kubeconfig, { server: `https://localhost:${world.kubernetes.port}` })
  const exporter = await Exporter.start({ env: { KUBECONFIG: kubeconfig } })
  t.after(() => exporter.stop())
  const metrics = await exporter.until(
    (scrape) => scrape.value('nodes_not_ready_ratio', 'cluster="lab"') === 0,
    'the ratio',
  )
  assert.equal(metrics.value('nodes', 'ready="true"'), 4)
  const config = await (await exporter.get('/config')).text()
  assert.match(config, /hostname: localhost/)
  assert.match(config, /- system/)
})

test('SIGHUP and POST reload; a bad config changes nothing and is told; what did not change keeps its series', async (t) => {
  const world = await World.start()
  t.after(() => world.close())
  const exporter = await world.exporter()
  await exporter.ready()
  world.setAddresses(['10.0.0.2'])
  const changed = await exporter.until(
    (metrics) =>
      metrics.value('elb_address_changes_total', 'removed') === 1 && metrics.value('dns_answer_changes_total') === 1,
    'the change',
  )
  await exporter.writeConfig('clusters: [')
  const bad = await exporter.get('/-/reload', { method: 'POST' })
  assert.equal(bad.status, 500)
  assert.match(await bad.text(), /config\.yaml:1:\d+: /)
  const kept = await exporter.metrics()
  assert.match(kept.text, /^elbchurn_config_last_reload_successful 0$/m)
  assert.equal(kept.value('dns_answer_changes_total'), 1)
  const config = world.config() as { clusters: { dns: { names: object[] } }[] }
  config.clusters[0]?.dns.names.push({ hostname: `new.${apiName}` })
  world.dns.set(`new.${apiName}`, 'A', ['10.0.0.7'])
  await exporter.writeConfig(config)
  exporter.signal('SIGHUP')
  const after = await exporter.until(
    (metrics) => metrics.value('dns_answers', `"new.${apiName}"`) === 1,
    'the new name',
  )
  assert.match(after.text, /^elbchurn_config_last_reload_successful 1$/m)
  const same = (metrics: { own(): string[] }) =>
    metrics.own().filter((line) => /changes_total|last_change/.test(line) && !line.includes('new.'))
  assert.deepEqual(same(after), same(changed))
})

/** How long it takes to end well, without the time in which the machine had no CPU to give. */
async function stopMs(exporter: Exporter): Promise<number> {
  using stolen = stolenTime()
  const beganMs = performance.now()
  assert.equal(await exporter.stop(), 0)
  return performance.now() - beganMs - stolen.msSince(beganMs)
}

test('SIGTERM ends it within 5 s with exit code 0, even while everything hangs', async (t) => {
  const world = await World.start()
  t.after(() => world.close())
  const exporter = await world.exporter()
  await exporter.ready()
  world.dns.behave('*', { dropFirst: Number.POSITIVE_INFINITY })
  world.aws.fail('*', 'hang')
  world.kubernetes.freeze()
  await new Promise((resolve) => setTimeout(resolve, 2_500))
  assert.ok((await stopMs(exporter)) < 5_000)
})

test('SIGTERM does not wait for half a request, and saves all the same', async (t) => {
  const world = await World.start()
  t.after(() => world.close())
  const storage = await mkdtemp(join(folder, 'storage-'))
  const exporter = await world.exporter({ flags: [`--storage.path=${storage}`] })
  await exporter.ready()
  const { hostname, port } = new URL(exporter.url)
  const half = connect(Number(port), hostname)
  half.on('error', () => undefined)
  half.write('GET /metrics HTTP/1.1\r\nHost: x\r\n')
  await new Promise((resolve) => setTimeout(resolve, 200))
  assert.ok((await stopMs(exporter)) < 3_000)
  assert.match(await readFile(join(storage, 'state.json'), 'utf8'), /k8s-api/)
})

test('it listens on each --web.listen-address, tells all of them, and leaves all when it stops', async () => {
  const config = { clusters: [{ name: 'a', dns: { resolvers: ['127.0.0.1:9'], names: [{ hostname: 'a.example' }] } }] }
  const hosts = ['127.0.0.1', '127.0.0.2', 'localhost']
  const flags = [...hosts.map((host) => `--web.listen-address=${host}:0`), '--web.max-requests=1']
  const exporter = await Exporter.start({ config, flags })
  const told = () => exporter.lines.filter(({ msg }) => msg === 'listening').map(({ address }) => String(address))
  for (let look = 0; told().length < hosts.length && look < 100; look++)
    await new Promise((done) => setTimeout(done, 20))
  assert.equal(told().length, hosts.length)
  assert.equal(exporter.url, told()[0])
  for (const url of told()) assert.equal((await fetch(`${url}/-/healthy`)).status, 200, url)
  const held = connect(Number(new URL(told()[1] ?? '').port), '127.0.0.2').on('error', () => undefined)
  held.write('GET /metrics HTTP/1.1\r\nHost: x\r\n')
  const asked = Date.now()
  assert.equal(await exporter.stop(), 0)
  assert.ok(Date.now() - asked < 3_000, `${Date.now() - asked} ms`)
  assert.equal(run('--web.listen-address=127.0.0.1:0', '--web.listen-address=nowhere').status, 1)
})

test('no secret shows in logs, /config, /api/v1/status, /metrics or errors', async (t) => {
  const world = await World.start()
  t.after(() => world.close())
  const config = world.config() as { clusters: { load_balancers: { endpoint: string }[] }[] }
  const entry = config.clusters[0]?.load_balancers[0]
  if (entry !== undefined) entry.endpoint = entry.endpoint.replace('//', '//user:x@hunter2@')
  const exporter = await world.exporter({ config, flags: ['--log.level=debug'] })
  await exporter.ready()
  world.kubernetes.fault({ on: 'any', status: 401 })
  world.kubernetes.resetConnections()
  world.aws.fail('*', 'access-denied')
  await exporter.until(
    (metrics) => metrics.value('collector_up', 'nodes') === 0 && metrics.value('collector_up', 'load_b') === 0,
    'both down',
    30_000,
  )
  const texts = [JSON.stringify(exporter.lines)]
  const poll = '/debug/poll?cluster=prod&collector=load_balancers'
  for (const path of ['/config', '/api/v1/status', '/api/v1/events', '/metrics', '/', poll, `${poll}&format=json`]) {
    texts.push(await (await exporter.get(path)).text())
  }
  for (const secret of ['lab-bearer-token', 'lab-secret-key', 'hunter2']) {
    assert.ok(!texts.some((text) => text.includes(secret)), secret)
  }
  assert.match(texts[1] ?? '', /<secret>@/)
})

test('rules prints the alert pack in both formats, with other values, and tells every fault of --set', () => {
  const plain = run('rules', '--format=prometheus')
  assert.equal(plain.status, 0)
  assert.match(plain.stdout, /^groups:$/m)
  assert.match(plain.stdout, /- alert: KubeletsStrandedByELBChange$/m)
  const operator = run('rules', '--set', 'severity_critical=page', 'change_window=25m', '--set=names_shown=3')
  assert.equal(operator.status, 0)
  assert.match(operator.stdout, /^kind: PrometheusRule$/m)
  assert.match(operator.stdout, /severity: page$/m)
  assert.match(operator.stdout, /< 1500\)$/m)
  assert.match(operator.stdout, /lt \$index 3 /)
  const bad = run('rules', '--set', 'nope=1', '--set', 'change_window=soon')
  assert.equal(bad.status, 1)
  assert.equal(bad.stdout, '')
  assert.match(bad.stderr, /^--set nope=1: unknown key; known are .*change_window, /m)
  assert.match(bad.stderr, /^--set change_window=soon: is not a duration such as 30s, 5m or 1h30m$/m)
  assert.match(run('rules', '--help').stdout, /^ {2}change_window=20m +/m)
  assert.equal(run('rules', '--format=json').status, 1)
})
