import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { gunzipSync } from 'node:zlib'
import { createMetricStore } from '../../../exporter/metrics/store.ts'
import { systemClock } from '../../../exporter/service/clock.ts'
import { createLogger } from '../../../exporter/service/log.ts'
import { serviceMetrics } from '../../../exporter/service/metrics.ts'
import { SelfMetrics } from '../../../exporter/service/self-metrics.ts'
import { Service } from '../../../exporter/service/service.ts'
import { StateFile } from '../../../exporter/service/state-file.ts'
import type { Signal } from '../../../exporter/signals/signal.ts'
import { WebConfigInForce } from '../../../exporter/web/config/in-force.ts'
import { checkWebConfig } from '../../../exporter/web/config/load.ts'
import { Front } from '../../../exporter/web/front.ts'
import { createServer } from '../../../exporter/web/server.ts'
import { settle, TestClock } from '../clock.ts'

const dns: Signal<object> = {
  name: 'dns',
  metrics: {},
  load: async () => ({
    create: (_options, { changes }) => ({
      tasks: [
        {
          kind: 'scheduled',
          name: 'answers',
          schedule: 'dns',
          timeoutMs: () => 1_000,
          run: async () => {
            changes.record(
              {
                kind: 'dns_answer',
                subject: '<b>api</b> A system',
                message: 'left',
                added: [],
                removed: ['10.0.0.1'],
                before: ['10.0.0.1'],
                after: [],
              },
              Date.UTC(2026, 0, 1),
            )
            return [{ reason: 'timeout', message: 'no answer from <script>' }]
          },
        },
      ],
      status: () => ({ names: ['<i>x</i>'] }),
      stop: async () => undefined,
    }),
  }),
}

async function setUp(options: { started: boolean; reload?: () => Promise<string | undefined>; front?: Front }) {
  const clock = new TestClock()
  const log = createLogger('error', 'json', { write: () => undefined })
  const metrics = createMetricStore({ tables: [serviceMetrics], clock })
  new SelfMetrics(metrics, '1.2.3').configLoaded(true, clock.now())
  const state = await StateFile.open(undefined, { clock, log, onSaved: () => undefined })
  const service = new Service({
    clock,
    log,
    metrics,
    state,
    signals: [dns as Signal<never>],
    startTimer: () => ({ stop: () => undefined }),
    createDns: () => ({
      resolve: () => Promise.reject(new Error('not asked')),
      namesFor: async (hostname) => [hostname],
      close: async () => undefined,
    }),
  })
  if (options.started) {
    const every = '*/5 * * * * *'
    const schedules = { dns: every, load_balancers: every, heartbeats: every, connections: every }
    const clusters = [{ name: 'prod', dns: { resolvers: [], names: [] } }]
    await service.apply({ schedules, retentionMs: 1, resolvConf: '/etc/resolv.conf', clusters })
    await settle()
  }
  const reload = options.reload ?? (async () => undefined)
  const effectiveConfig = () => 'clusters: []\n'
  return createServer(
    { version: '1.2.3', startedAtMs: clock.now(), metrics, service, effectiveConfig, reload },
    options.front && { front: options.front },
  )
}

test('/metrics is exposition text, and gzip for who asks for it', async () => {
  const app = await setUp({ started: true })
  const plain = await app.inject('/metrics')
  assert.equal(plain.statusCode, 200)
  assert.equal(plain.headers['content-type'], 'text/plain; version=0.0.4; charset=utf-8')
  assert.match(plain.body, /^elbchurn_collector_up\{cluster="prod",collector="dns"\} 0$/m)
  assert.match(plain.body, /^elbchurn_build_info\{version="1\.2\.3",nodeversion="v24\.[\d.]+"\} 1$/m)
  assert.match(plain.body, /^elbchurn_config_last_reload_successful 1$/m)
  assert.match(plain.body, /^process_resident_memory_bytes /m)
  assert.doesNotMatch(plain.body, /^# TYPE \w+_total gauge$/m)
  const zipped = await app.inject({ url: '/metrics', headers: { 'accept-encoding': 'deflate, gzip;q=0.5' } })
  assert.equal(zipped.headers['content-encoding'], 'gzip')
  assert.match(gunzipSync(zipped.rawPayload).toString(), /^elbchurn_collector_up/m)
  const refused = await app.inject({ url: '/metrics', headers: { 'accept-encoding': 'gzip;q=0' } })
  assert.equal(refused.headers['content-encoding'], undefined)
})

test('healthy is always 200; ready is 503 until each collector has finished once, well or not', async () => {
  const idle = await setUp({ started: false })
  assert.equal((await idle.inject('/-/healthy')).statusCode, 200)
  assert.equal((await idle.inject('/-/ready')).statusCode, 503)
  const failing = await setUp({ started: true })
  assert.equal((await failing.inject('/-/ready')).statusCode, 200)
})

test('a reload answers 200, and 500 with the reason where the config is bad; GET does not reload', async () => {
  const good = await setUp({ started: false })
  assert.equal((await good.inject({ method: 'POST', url: '/-/reload', body: 'x' })).statusCode, 200)
  const headers = { 'content-type': 'application/json' }
  assert.equal((await good.inject({ method: 'POST', url: '/-/reload', headers, body: '{' })).statusCode, 200)
  assert.equal((await good.inject({ method: 'GET', url: '/-/reload' })).statusCode, 405)
  const bad = await setUp({ started: false, reload: async () => 'a.yaml:1:1: clusters: is missing' })
  const reply = await bad.inject({ method: 'POST', url: '/-/reload' })
  assert.equal(reply.statusCode, 500)
  assert.match(reply.body, /a\.yaml:1:1: clusters: is missing/)
})

test('a reload tells that the web config is refused, since that is read by itself', async (t) => {
  const path = join(await mkdtemp(join(tmpdir(), 'web-')), 'web.yaml')
  t.after(() => rm(dirname(path), { recursive: true }))
  await writeFile(path, 'http_server_config: {headers: {X-Frame-Options: deny}}\n')
  const log = createLogger('error', 'json', { write: () => undefined })
  const inForce = new WebConfigInForce({ path, clock: systemClock, log }, checkWebConfig(path))
  const app = await setUp({ started: false, front: new Front({ clock: systemClock, secured: { inForce, log } }) })
  const said = async () => (await app.inject({ method: 'POST', url: '/-/reload' })).body
  assert.equal(await said(), 'Config reloaded.\n')
  await writeFile(path, 'http_server_config: 7\n')
  assert.match(await said(), /^Config reloaded\.\nThe web config is refused; the previous one stays in force/)
})

test('a path that takes other methods says which, and one that cannot be read is a plain 400', async () => {
  const app = await setUp({ started: false })
  for (const [method, url, allow] of [
    ['POST', '/metrics', 'GET, HEAD'],
    ['DELETE', '/-/healthy?x=1', 'GET, HEAD'],
    ['OPTIONS', '/', 'GET, HEAD'],
    ['PUT', '/-/reload', 'POST'],
    ['GET', '/-/reload', 'POST'],
  ] as const) {
    const reply = await app.inject({ method, url })
    assert.deepEqual([reply.statusCode, reply.headers.allow, reply.body], [405, allow, `This path takes ${allow}.\n`])
  }
  assert.equal((await app.inject({ method: 'POST', url: '/nope' })).statusCode, 404)
  const bad = await app.inject('/%zz')
  assert.deepEqual([bad.statusCode, bad.body], [400, 'The path of the request cannot be read.\n'])
  assert.match(String(bad.headers['content-type']), /^text\/plain/)
})

test('status and events tell in JSON what is watched and what was seen', async () => {
  const app = await setUp({ started: true })
  const status = (await app.inject('/api/v1/status')).json()
  assert.equal(status.status, 'success')
  const { dns: collector } = status.data.clusters[0].collectors
  assert.equal(collector.up, false)
  assert.deepEqual(collector.watched, { names: ['<i>x</i>'] })
  assert.deepEqual(collector.tasks[0].failures, [{ reason: 'timeout', message: 'no answer from <script>' }])
  const events = (await app.inject('/api/v1/events')).json()
  assert.deepEqual(events.data[0].removed, ['10.0.0.1'])
  assert.deepEqual([events.data[0].cluster, events.data[0].time], ['prod', '2026-01-01T00:00:00.000Z'])
})

test('the page escapes what comes from outside and forbids scripts but its own', async () => {
  const app = await setUp({ started: true })
  const page = await app.inject('/')
  assert.equal(page.statusCode, 200)
  assert.match(String(page.headers['content-security-policy']), /^default-src 'none'/)
  assert.ok(page.body.includes('no answer from &lt;script&gt;'))
  assert.ok(page.body.includes('&lt;b&gt;api&lt;/b&gt;'))
  assert.ok(!/<script(?! src="assets\/[0-9a-f]{12}\/page\.js" defer><)|<i>x|<b>api/.test(page.body))
})

test('/config is YAML and an unknown path is 404', async () => {
  const app = await setUp({ started: false })
  assert.equal((await app.inject('/config')).body, 'clusters: []\n')
  for (const path of ['/nope', '/a*b', '/:a(b', '/:a((']) assert.equal((await app.inject(path)).statusCode, 404, path)
})

test('a page of another site cannot make a browser reload the config, and what is told is not kept by caches', async () => {
  let reloads = 0
  const app = await setUp({
    started: true,
    reload: async () => {
      reloads += 1
      return undefined
    },
  })
  const asked = async (site?: string) => {
    const headers = site === undefined ? {} : { 'sec-fetch-site': site }
    return (await app.inject({ method: 'POST', url: '/-/reload', headers })).statusCode
  }
  assert.deepEqual([await asked('cross-site'), await asked('same-site'), reloads], [403, 403, 0])
  assert.deepEqual([await asked('same-origin'), await asked('none'), await asked(), reloads], [200, 200, 200, 3])
  for (const url of ['/config', '/api/v1/status', '/api/v1/events', '/debug/poll', '/']) {
    assert.equal((await app.inject(url)).headers['cache-control'], 'no-store', url)
  }
})
