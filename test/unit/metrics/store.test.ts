import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { MetricTable } from '../../../exporter/metrics/spec.ts'
import { createMetricStore } from '../../../exporter/metrics/store.ts'
import { TestClock } from '../clock.ts'

const table = {
  elbchurn_t_answers: { type: 'gauge', help: 'Answers.', labels: ['cluster', 'hostname'], cardinality: 'few' },
  elbchurn_t_last_change: {
    type: 'gauge',
    help: 'When.',
    labels: ['cluster', 'hostname'],
    keptWhenStale: true,
    cardinality: 'few',
  },
  elbchurn_t_changes_total: { type: 'counter', help: 'Changes.', labels: ['cluster', 'hostname'], cardinality: 'few' },
  elbchurn_t_nodes: {
    type: 'gauge',
    help: 'Nodes.',
    labels: ['cluster', 'ready'],
    openLabels: true,
    cardinality: 'few',
  },
  elbchurn_t_bare: { type: 'gauge', help: 'No labels.', labels: [], cardinality: '1' },
  elbchurn_t_seconds: { type: 'histogram', help: 'Time.', labels: ['cluster'], buckets: [1], cardinality: 'few' },
} as const satisfies MetricTable

function setUp() {
  const clock = new TestClock()
  const store = createMetricStore({ tables: [table], clock })
  return { clock, store, scopes: store.owner('c dns', { cluster: 'c' }) }
}

const answers = (hostname: string, value: number) => ({
  metric: 'elbchurn_t_answers' as const,
  labels: { hostname },
  value,
})

async function samples(store: { render(): Promise<string> }): Promise<string[]> {
  return (await store.render()).split('\n').filter((line) => line !== '' && !line.startsWith('#'))
}

test('nothing shows before something was published, not even a 0', async () => {
  const { store } = setUp()
  assert.deepEqual(await samples(store), [])
})

test('the exposition text holds help, type and the labels of the owner', async () => {
  const { store, scopes } = setUp()
  scopes.scope('a', 1000).publish([answers('a.example', 2)])
  assert.match(
    await store.render(),
    /# HELP elbchurn_t_answers Answers\.\n# TYPE elbchurn_t_answers gauge\nelbchurn_t_answers\{cluster="c",hostname="a\.example"\} 2\n/,
  )
})

test('publishing again replaces the gauges of the scope and leaves other scopes alone', async () => {
  const { store, scopes } = setUp()
  scopes.scope('b', 1000).publish([answers('b.example', 7)])
  const scope = scopes.scope('a', 1000)
  scope.publish([answers('a1.example', 1), answers('a2.example', 2)])
  scope.publish([answers('a2.example', 3)])
  assert.deepEqual(await samples(store), [
    'elbchurn_t_answers{cluster="c",hostname="b.example"} 7',
    'elbchurn_t_answers{cluster="c",hostname="a2.example"} 3',
  ])
})

test('gauges are withdrawn once stale, those that tell of the past and counters stay', async () => {
  const { clock, store, scopes } = setUp()
  const scope = scopes.scope('a', 1000)
  const past = { metric: 'elbchurn_t_last_change' as const, labels: { hostname: 'a.example' }, value: 5 }
  scope.publish([answers('a.example', 1), past])
  scope.increment('elbchurn_t_changes_total', { hostname: 'a.example' })
  await clock.advance(1000)
  assert.equal((await samples(store)).length, 3)
  await clock.advance(1)
  assert.deepEqual(await samples(store), [
    'elbchurn_t_last_change{cluster="c",hostname="a.example"} 5',
    'elbchurn_t_changes_total{cluster="c",hostname="a.example"} 1',
  ])
  scope.publish([answers('a.example', 1), past])
  assert.equal((await samples(store)).length, 3)
})

test('a dropped scope takes its gauges, counters and histograms along', async () => {
  const { store, scopes } = setUp()
  const scope = scopes.scope('a', 1000)
  scope.publish([answers('a.example', 1)])
  scope.increment('elbchurn_t_changes_total', { hostname: 'a.example' }, 0)
  scope.observe('elbchurn_t_seconds', {}, 0.5)
  assert.equal((await samples(store)).length, 6)
  scopes.retain(new Set())
  assert.deepEqual(await samples(store), [])
})

test('what is counted again after a drop begins anew, and a second drop takes nothing from others', async () => {
  const { store, scopes } = setUp()
  const labels = { hostname: 'a.example' }
  const scope = scopes.scope('a', 1000)
  scope.increment('elbchurn_t_changes_total', labels, 5)
  scope.drop()
  assert.deepEqual(await samples(store), [])
  scope.increment('elbchurn_t_changes_total', labels, 2)
  assert.deepEqual(await samples(store), ['elbchurn_t_changes_total{cluster="c",hostname="a.example"} 2'])
  scope.drop()
  scopes.scope('b', 1000).increment('elbchurn_t_changes_total', labels, 7)
  scope.drop()
  assert.deepEqual(await samples(store), ['elbchurn_t_changes_total{cluster="c",hostname="a.example"} 7'])
})

test('owners that are not retained leave whole', async () => {
  const { store, scopes } = setUp()
  scopes.scope('a', 1000).publish([answers('a.example', 1)])
  store
    .owner('d dns', { cluster: 'd' })
    .scope('a', 1000)
    .publish([answers('a.example', 2)])
  store.retainOwners(new Set(['d dns']))
  assert.deepEqual(await samples(store), ['elbchurn_t_answers{cluster="d",hostname="a.example"} 2'])
})

test('labels of the config can be added while series live', async () => {
  const { store, scopes } = setUp()
  scopes.scope('n', 1000).publish([{ metric: 'elbchurn_t_nodes', labels: { ready: 'true' }, value: 3 }])
  store.widen('elbchurn_t_nodes', ['zone'])
  store
    .owner('d nodes', { cluster: 'd' })
    .scope('n', 1000)
    .publish([{ metric: 'elbchurn_t_nodes', labels: { ready: 'true', zone: 'a' }, value: 4 }])
  assert.deepEqual(await samples(store), [
    'elbchurn_t_nodes{cluster="c",ready="true"} 3',
    'elbchurn_t_nodes{cluster="d",ready="true",zone="a"} 4',
  ])
})

test('a metric of no table, and a name in two tables, are faults', () => {
  const { clock, scopes } = setUp()
  assert.throws(() => scopes.scope('a', 1).publish([{ metric: 'elbchurn_nope', labels: {}, value: 1 }]), /in no table/)
  assert.throws(() => createMetricStore({ tables: [table, table], clock }), /in two tables/)
})

test('scrapes that come at once share one rendering, and one that comes later sees what was published before it', async () => {
  const { store, scopes } = setUp()
  const scope = scopes.scope('a', 1000)
  scope.publish([answers('a.example', 1)])
  const together = [store.render(), store.render(), store.render()]
  assert.equal(new Set(together).size, 1)
  await Promise.all(together)
  const begun = store.render()
  await new Promise(setImmediate)
  scope.publish([answers('a.example', 2)])
  assert.deepEqual(await samples(store), ['elbchurn_t_answers{cluster="c",hostname="a.example"} 2'])
  await begun
})

test('a rendering of many series lets others have their turn, and shows no metric half changed', async () => {
  const { store, scopes } = setUp()
  const many = Array.from({ length: 20_000 }, (_, index) => answers(`${index}.example`, 1))
  const past = many.map(({ labels }) => ({ metric: 'elbchurn_t_last_change' as const, labels, value: 1 }))
  scopes.scope('a', 1000).publish([...many, ...past])
  let done = false
  let turns = 0
  const rendering = samples(store).finally(() => {
    done = true
  })
  while (!done) {
    await new Promise(setImmediate)
    turns += 1
    if (turns === 2) scopes.scope('a', 1000).publish([])
  }
  const counts = Map.groupBy(await rendering, (line) => line.slice(0, line.indexOf('{')))
  assert.ok(turns >= 3, `${turns} turns`)
  for (const [name, lines] of counts) assert.equal(lines.length, 20_000, name)
})

test('a series that two scopes hold stays until both have let it go', async () => {
  const { store, scopes } = setUp()
  for (const key of ['a', 'b']) {
    scopes.scope(key, 1000).publish([answers('a.example', 1)])
    scopes.scope(key, 1000).increment('elbchurn_t_changes_total', { hostname: 'a.example' })
  }
  scopes.retain(new Set(['b']))
  assert.deepEqual(await samples(store), [
    'elbchurn_t_answers{cluster="c",hostname="a.example"} 1',
    'elbchurn_t_changes_total{cluster="c",hostname="a.example"} 2',
  ])
  scopes.retain(new Set())
  assert.deepEqual(await samples(store), [])
})

test('what does not fit a metric is a fault that names it', () => {
  const scope = setUp().scopes.scope('a', 1000)
  const labels = { hostname: 'a.example' }
  assert.throws(() => scope.increment('elbchurn_t_answers', labels), /elbchurn_t_answers is not a counter/)
  assert.throws(() => scope.observe('elbchurn_t_answers', labels, 1), /elbchurn_t_answers is not a histogram/)
  assert.throws(
    () => scope.publish([{ metric: 'elbchurn_t_changes_total', labels, value: 1 }]),
    /elbchurn_t_changes_total is not a gauge/,
  )
  assert.throws(
    () => scope.increment('elbchurn_t_changes_total', labels, -1),
    /elbchurn_t_changes_total cannot grow by -1/,
  )
  assert.throws(() => scope.observe('elbchurn_t_seconds', {}, Number.NaN), /elbchurn_t_seconds cannot take NaN/)
  assert.throws(
    () => scope.increment('elbchurn_t_changes_total', { ...labels, zone: 'a' }),
    /elbchurn_t_changes_total has no label zone/,
  )
})
