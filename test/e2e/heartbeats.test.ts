import assert from 'node:assert/strict'
import { test } from 'node:test'
import { stolenTime } from '../stolen-time.ts'
import { World } from './world.ts'

const everySecond = '* * * * * *'

/** The world's config with a threshold that a test can wait for. */
function shortThreshold(world: World) {
  const { clusters } = world.config(['nodes']) as { clusters: [{ nodes: object }] }
  const nodes = { ...clusters[0].nodes, heartbeat_stale_after: '12s' }
  return { schedules: { heartbeats: everySecond }, clusters: [{ ...clusters[0], nodes }] }
}

test('a node whose lease is renewed no more is stale as soon as the threshold is over, and fresh once it renews', async (t) => {
  const world = await World.start([], 4)
  t.after(() => world.close())
  const { cluster } = world.kubernetes
  cluster.cordon('node-1')
  const exporter = await world.exporter({ config: shortThreshold(world) })
  await exporter.until((metrics) => metrics.value('nodes_heartbeat_stale') === 0, 'all fresh')
  // Two stop, one of them a node that is cordoned and does not count.
  using stolen = stolenTime()
  const beganMs = performance.now()
  const renewedMs = Date.now()
  for (const node of ['node-0', 'node-1']) cluster.holdLease(node, renewedMs)
  const stale = await exporter.until((metrics) => metrics.value('nodes_heartbeat_stale') === 1, 'one stale')
  const lateMs = Date.now() - renewedMs - 12_000
  // One interval, and what a Date to the second can hide.
  assert.ok(lateMs > -700 && lateMs - stolen.msSince(beganMs) < 2_500, `${lateMs} ms after the threshold`)
  assert.ok((stale.value('node_heartbeat_age_max_seconds') ?? 0) >= 12)
  assert.equal(stale.value('nodes_excluded', 'cordoned'), 1)
  cluster.releaseLease('node-0')
  await exporter.until((metrics) => metrics.value('nodes_heartbeat_stale') === 0, 'fresh again')
})

test('an account that may not list leases is told which right it lacks, and the nodes are watched all the same', async (t) => {
  const world = await World.start([], 2)
  t.after(() => world.close())
  world.kubernetes.fault({ on: 'leases', status: 403, message: 'leases.coordination.k8s.io is forbidden' })
  const exporter = await world.exporter({ config: shortThreshold(world) })
  await exporter.ready()
  const metrics = await exporter.until((each) => each.value('collector_up', 'heartbeats') === 0, 'heartbeats down')
  assert.equal(metrics.value('collector_up', '"nodes"'), 1)
  assert.ok((metrics.value('collector_errors_total', 'heartbeats', 'denied') ?? 0) > 0)
  assert.deepEqual(metrics.lines('nodes_heartbeat_stale'), [])
  const told = JSON.stringify(
    exporter.lines.find(({ collector, level }) => collector === 'heartbeats' && level === 'warn'),
  )
  assert.match(told, /grant the verb list on leases in kube-node-lease/)
})

test('an API server whose clock is wrong by hours makes no heartbeat stale', async (t) => {
  const world = await World.start([], 3)
  t.after(() => world.close())
  const { cluster } = world.kubernetes
  world.kubernetes.dateAheadMs = 2 * 3_600_000
  const renew = () => {
    for (const node of ['node-0', 'node-1', 'node-2']) cluster.holdLease(node, Date.now() + 2 * 3_600_000)
  }
  renew()
  const renewing = setInterval(renew, 1_000)
  t.after(() => clearInterval(renewing))
  const exporter = await world.exporter({ config: shortThreshold(world) })
  const metrics = await exporter.until((each) => each.value('nodes_heartbeat_stale') !== undefined, 'heartbeats')
  assert.equal(metrics.value('nodes_heartbeat_stale'), 0)
  assert.ok((metrics.value('node_heartbeat_age_max_seconds') ?? 99) < 10)
})
