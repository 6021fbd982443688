import assert from 'node:assert/strict'
import { beforeEach, test } from 'node:test'
import { createMetricStore } from '../../../exporter/metrics/store.ts'
import type { ClusterConfig, Config } from '../../../exporter/service/config/config.ts'
import { createLogger } from '../../../exporter/service/log.ts'
import { serviceMetrics } from '../../../exporter/service/metrics.ts'
import { Service } from '../../../exporter/service/service.ts'
import { StateFile } from '../../../exporter/service/state-file.ts'
import type { RunContext, Signal } from '../../../exporter/signals/signal.ts'
import { settle, TestClock } from '../clock.ts'

/** What ran, by cluster and signal, since it was last cleared. */
let ran: string[] = []
/** Who was told of a reload that left it alone. */
let reloads: string[] = []
/** What a run, and its collector, was last told of its schedule, in ms. */
let intervals: { readonly run: number; readonly collector: number } | undefined
let failing: { readonly at: 'load' | 'create'; readonly signal: string } | undefined

beforeEach(() => {
  ran = []
  reloads = []
  failing = undefined
})

function fail(at: 'load' | 'create', signal: string): void {
  if (failing?.at === at && failing.signal === signal) throw new Error(`EMFILE: ${signal} cannot be opened`)
}

function signal(name: string): Signal<never> {
  const made: Signal<object> = {
    name,
    metrics: {},
    load: async () => {
      fail('load', name)
      return {
        create: (_options, { cluster, books, intervalMs: ofCollector }) => {
          fail('create', name)
          books.set('runs', 0)
          const run = async ({ intervalMs }: RunContext) => {
            intervals = { run: intervalMs, collector: ofCollector('dns') }
            ran.push(`${cluster} ${name}`)
            books.set('runs', Number(books.get('runs')) + 1)
            return []
          }
          return {
            tasks: [{ kind: 'scheduled', name: 'run', schedule: 'dns', timeoutMs: () => 1_000, run }],
            status: () => ({}),
            reloaded: () => reloads.push(`${cluster} ${name}`),
            stop: async () => undefined,
          }
        },
      }
    },
  }
  return made as Signal<never>
}

async function setUp() {
  const clock = new TestClock()
  const log = createLogger('error', 'json', { write: () => undefined })
  const metrics = createMetricStore({ tables: [serviceMetrics], clock })
  const state = await StateFile.open(undefined, { clock, log, onSaved: () => undefined })
  const timers = new Set<() => void>()
  const service = new Service({
    clock,
    log,
    metrics,
    state,
    signals: [signal('dns'), signal('reachability')],
    startTimer: (_cron, tick) => {
      timers.add(tick)
      return { stop: () => timers.delete(tick) }
    },
    createDns: () => ({
      resolve: () => Promise.reject(new Error('nobody asks')),
      namesFor: async () => [],
      close: async () => undefined,
    }),
  })
  const runsOfTick = async () => {
    ran = []
    for (const tick of timers) tick()
    await settle()
    return ran.sort()
  }
  return { service, state, runsOfTick }
}

const schedule = '*/5 * * * * *'

function config(...clusters: Record<string, unknown>[]): Config {
  return {
    schedules: { dns: schedule, load_balancers: schedule, heartbeats: schedule, connections: schedule },
    retentionMs: 3_600_000,
    resolvConf: '/etc/resolv.conf',
    clusters: clusters as unknown as ClusterConfig[],
  }
}

const both = { dns: {}, reachability: {} }
const first = config({ name: 'a', ...both })
const other = config({ name: 'a', dns: { changed: true }, reachability: { changed: true } }, { name: 'b', ...both })

for (const at of ['load', 'create'] as const) {
  test(`a config whose collectors cannot be made (${at}) leaves the one before in force, and a good one heals it`, async () => {
    const { service, state, runsOfTick } = await setUp()
    await service.apply(first)
    await settle()
    failing = { at, signal: 'reachability' }
    await assert.rejects(service.apply(other), /EMFILE: reachability cannot be opened/)
    failing = undefined
    if (at === 'load') {
      assert.deepEqual(await runsOfTick(), ['a dns', 'a reachability'])
      assert.equal(state.owner('a dns').get('runs'), 2, 'nothing was begun anew')
    }
    await service.apply(first)
    await settle()
    assert.deepEqual(await runsOfTick(), ['a dns', 'a reachability'])
    assert.equal(service.ready().ready, true)
    await service.apply(other)
    await settle()
    assert.deepEqual(await runsOfTick(), ['a dns', 'a reachability', 'b dns', 'b reachability'])
    assert.equal(service.ready().ready, true)
    await service.stop()
  })
}

test('a collector that cannot be made once does not end the others: what ran before runs again at once', async () => {
  const { service, runsOfTick } = await setUp()
  await service.apply(config({ name: 'a', dns: {} }))
  await settle()
  failing = { at: 'create', signal: 'reachability' }
  await assert.rejects(service.apply(config({ name: 'a', dns: { changed: true }, reachability: {} })), /EMFILE/)
  await settle()
  assert.deepEqual(await runsOfTick(), ['a dns'])
  assert.equal(service.ready().ready, true)
  await service.stop()
})

test('a run is over before the next, and values are old only after the longest time without one', async () => {
  const { service } = await setUp()
  const hours = { ...first.schedules, dns: '*/5 * 8-17 * * *' }
  await service.apply({ ...config({ name: 'a', dns: {} }), schedules: hours })
  await settle()
  assert.deepEqual(intervals, { run: 5_000, collector: 15 * 3_600_000 })
  await service.stop()
})

test('what a config no longer has leaves the state, and what it keeps goes on untouched', async () => {
  const { service, state, runsOfTick } = await setUp()
  await service.apply(config({ name: 'a', dns: {} }, { name: 'b', dns: {} }))
  await settle()
  state.owner('changes').set('newest', [])
  await service.apply(config({ name: 'a', dns: {} }))
  await settle()
  assert.deepEqual(state.owner('b dns').keys(), [])
  assert.deepEqual(await runsOfTick(), ['a dns'])
  assert.equal(state.owner('a dns').get('runs'), 2, 'it was not begun anew')
  assert.deepEqual(state.owner('changes').keys(), ['newest'])
  assert.deepEqual(reloads, ['a dns'])
  await service.stop()
})
