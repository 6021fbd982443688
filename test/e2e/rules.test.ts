/** The rules of meaning, each by its name, from outside: a process, a config file, real sockets, /metrics as text. */
import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { lostTime, stolenTime } from '../stolen-time.ts'
import { until } from '../until.ts'
import type { Metrics } from './exporter.ts'
import { apiName, elbName, polls, World } from './world.ts'

/** Everything that counts changes, as text. */
function changes(metrics: Metrics): string[] {
  return metrics.own().filter((line) => /_(changes|transitions)_total|last_change_timestamp/.test(line))
}

const noChanges = [
  'elbchurn_dns_answer_changes_total{cluster="prod",hostname="api.prod.example.com",type="A",resolver="RESOLVER"} 0',
  'elbchurn_elb_address_changes_total{cluster="prod",load_balancer="k8s-api",change="added"} 0',
  'elbchurn_elb_address_changes_total{cluster="prod",load_balancer="k8s-api",change="removed"} 0',
  'elbchurn_node_ready_transitions_total{cluster="prod",to="false"} 0',
  'elbchurn_node_ready_transitions_total{cluster="prod",to="true"} 0',
  'elbchurn_node_ready_transitions_total{cluster="prod",to="unknown"} 0',
]

function noChangesAt(world: World): string[] {
  return noChanges.map((line) => line.replace('RESOLVER', world.dns.address)).sort()
}

test('rule 1: rotation, case, duplicates, TTL and failures are no changes; values stay, collector_up goes 0', async (t) => {
  const world = await World.start()
  t.after(() => world.close())
  const exporter = await world.exporter()
  await exporter.ready()
  const before = await exporter.until((metrics) => metrics.value('elb_addresses') === 2, 'two addresses')
  assert.equal(before.value('collector_up', 'load_balancers'), 1)
  world.dns.behave('*', { upperCase: true, duplicate: true })
  world.dns.set(elbName, 'A', ['10.0.0.2', '10.0.0.1', '10.0.0.1'], { rotate: true, ttl: 7 })
  await exporter.until((metrics) => metrics.value('dns_answer_ttl_seconds') === 7, 'the new TTL')
  for (const fault of [
    { rcode: 'SERVFAIL' },
    { rcode: 'REFUSED' },
    { malformed: 'noise' },
    { dropFirst: Number.POSITIVE_INFINITY },
  ] as const) {
    world.dns.behave('*', fault)
    const failing = (metrics: Metrics) =>
      metrics.value('collector_up', 'collector="dns"') === 0 && metrics.value('collector_up', 'load_balancers') === 0
    await exporter.until(failing, `dns collectors down by ${JSON.stringify(fault)}`)
    world.dns.behave('*', {})
    const up = (metrics: Metrics) =>
      metrics.value('collector_up', 'collector="dns"') === 1 && metrics.value('collector_up', 'load_balancers') === 1
    await exporter.until(up, 'dns collectors up again')
  }
  for (const fault of ['throttle', 'error-503', 'missing-list', 'html'] as const) {
    world.aws.fail('*', fault)
    const failing = await exporter.until(
      (metrics) => metrics.value('collector_up', 'load_balancers') === 0,
      fault,
      30_000,
    )
    assert.equal(failing.value('elb_addresses'), 2)
    assert.equal(failing.lines('elb_info').length, 1)
    world.aws.clearFaults()
    await exporter.until((metrics) => metrics.value('collector_up', 'load_balancers') === 1, 'AWS again', 30_000)
  }
  world.kubernetes.fault({ on: 'any', status: 503 })
  world.kubernetes.resetConnections()
  const failing = await exporter.until((metrics) => metrics.value('collector_up', 'nodes') === 0, 'nodes down')
  assert.equal(failing.value('nodes_not_ready_ratio'), 0)
  world.kubernetes.clearFaults()
  const after = await exporter.until((metrics) => metrics.value('collector_up', 'nodes') === 1, 'nodes up again')
  assert.deepEqual(changes(after).sort(), noChangesAt(world))
  assert.equal(after.value('dns_answers'), 2)
})

test('rule 1: NXDOMAIN and an empty answer are a change only when they come three times in a row', async (t) => {
  const world = await World.start()
  t.after(() => world.close())
  const exporter = await world.exporter({ config: world.config(['dns']) })
  await exporter.until((metrics) => metrics.value('dns_answers') === 2, 'two records')
  world.dns.behave(apiName, { rcode: 'NXDOMAIN' })
  const seen = await exporter.until((metrics) => (metrics.value('dns_queries_total', 'NXDOMAIN') ?? 0) >= 1, 'NXDOMAIN')
  if (seen.value('dns_queries_total', 'NXDOMAIN') === 1) assert.equal(seen.value('dns_answers'), 2)
  const gone = await exporter.until((metrics) => metrics.value('dns_answers') === 0, 'the answer is empty')
  assert.ok((gone.value('dns_queries_total', 'NXDOMAIN') ?? 0) >= 3)
  assert.equal(gone.value('dns_answer_changes_total'), 1)
  assert.equal(gone.value('collector_up', 'dns'), 1)
  assert.deepEqual(gone.lines('dns_answer_info'), [])
})

test('rule 2: 8 of 12 addresses at a time are no churn, with and without the all. name; a real removal is', async (t) => {
  const twelve = Array.from({ length: 12 }, (_, index) => `10.0.1.${index + 1}`)
  for (const all of [false, true]) {
    const world = await World.start(twelve)
    t.after(() => world.close())
    if (all) world.dns.set(`all.${elbName}`, 'A', twelve)
    const exporter = await world.exporter({ config: world.config(['load_balancers']) })
    await exporter.until((metrics) => metrics.value('elb_addresses', 'source="dns"') === 12, '12 addresses')
    await polls(6)
    const quiet = await exporter.metrics()
    assert.equal(quiet.value('elb_address_changes_total', 'added'), 0)
    assert.equal(quiet.value('elb_address_changes_total', 'removed'), 0)
    world.setAddresses(twelve.slice(1))
    if (all) world.dns.set(`all.${elbName}`, 'A', twelve.slice(1))
    const after = await exporter.until(
      (metrics) => metrics.value('elb_addresses', 'source="dns"') === 11,
      'the removal',
    )
    assert.equal(after.value('elb_address_changes_total', 'removed'), 1)
    assert.equal(after.value('elb_address_info', '10.0.1.1"', 'state="retired"'), 1)
    await exporter.stop()
  }
})

test('rule 2: an address missing from an answer of fewer than 8 has left at once', async (t) => {
  const world = await World.start(['10.0.0.1', '10.0.0.2', '10.0.0.3'])
  t.after(() => world.close())
  const exporter = await world.exporter({ config: world.config(['load_balancers']) })
  await exporter.until((metrics) => metrics.value('elb_addresses') === 3, 'three addresses')
  world.setAddresses(['10.0.0.1', '10.0.0.3'])
  const asked = world.dns.count({ name: elbName })
  using lost = lostTime()
  const beganMs = performance.now()
  await exporter.until((metrics) => metrics.value('elb_addresses') === 2, 'two addresses')
  // It asks every second, also while this process does not look.
  const unseen = Math.ceil(lost.msSince(beganMs) / 1_000)
  assert.ok(world.dns.count({ name: elbName }) - asked <= 2 + unseen)
})

test('rule 3: first sight is no change; a change during a restart is seen, once, and its time survives', async (t) => {
  const world = await World.start()
  const storage = await mkdtemp(join(tmpdir(), 'storage-'))
  t.after(async () => {
    await world.close()
    await rm(storage, { recursive: true, force: true })
  })
  const flags = [`--storage.path=${storage}`]
  const first = await world.exporter({ flags })
  await first.ready()
  const started = await first.until((metrics) => metrics.value('elb_addresses') === 2, 'two addresses')
  assert.deepEqual(changes(started).sort(), noChangesAt(world))
  const saved = () => readFile(join(storage, 'state.json'), 'utf8').catch(() => '')
  await until('a state that holds all', async () => {
    const text = await saved()
    return [apiName, '10.0.0.1', 'k8s-api'].every((part) => text.includes(part))
  })
  await polls(1)
  // No chance to save on the way out.
  await first.stop('SIGKILL')
  world.setAddresses(['10.0.0.2', '10.0.0.9'])
  const second = await world.exporter({ flags })
  await second.ready()
  const changed = (metrics: Metrics) =>
    metrics.value('elb_address_changes_total', 'removed') === 1 && metrics.value('dns_answer_changes_total') === 1
  const seen = await second.until(changed, 'the change of the gap')
  assert.equal(seen.value('elb_address_changes_total', 'added'), 1)
  const when = seen.value('elb_address_last_change_timestamp_seconds', 'removed')
  const dnsWhen = seen.value('dns_answer_last_change_timestamp_seconds')
  assert.ok(when !== undefined && Math.abs(when - Date.now() / 1_000) < 30)
  await polls(2)
  const quiet = await second.metrics()
  assert.deepEqual(changes(quiet), changes(seen))
  await second.stop()
  const third = await world.exporter({ flags })
  await third.ready()
  const again = await third.until((metrics) => metrics.value('elb_addresses') === 2, 'two addresses')
  assert.equal(again.value('elb_address_changes_total', 'removed'), 0)
  assert.equal(again.value('elb_address_last_change_timestamp_seconds', 'removed'), when)
  assert.equal(again.value('dns_answer_last_change_timestamp_seconds'), dnsWhen)
  assert.equal(again.value('elb_address_info', '10.0.0.1"', 'retired'), 1)
})

test('rule 4: two exporters that watch the same thing say the same', async (t) => {
  const world = await World.start()
  t.after(() => world.close())
  const [one, two] = await Promise.all([world.exporter(), world.exporter()])
  await Promise.all([one.ready(), two.ready()])
  world.setAddresses(['10.0.0.2', '10.0.0.3'])
  world.kubernetes.cluster.setReady('node-1', 'Unknown')
  const changed = (metrics: Metrics) =>
    metrics.value('elb_address_changes_total', 'removed') === 1 &&
    metrics.value('dns_answer_changes_total') === 1 &&
    metrics.value('node_ready_transitions_total', 'unknown') === 1
  await Promise.all([one.until(changed, 'the changes'), two.until(changed, 'the changes')])
  const comparable = (metrics: Metrics) =>
    metrics
      .own()
      .filter(
        (line) =>
          !/collector_|last_change_timestamp|seconds_total|duration|queries|requests|last_reload|last_save|heartbeat_age/.test(
            line,
          ),
      )
      .sort()
  const said = async () => (await Promise.all([one.metrics(), two.metrics()])).map(comparable)
  // Each has a schedule of its own: one may be a look ahead of the other.
  await until('both say the same', async () => {
    const [first, second] = await said()
    return first?.join() === second?.join()
  }).catch(async () => assert.deepEqual(...((await said()) as [string[], string[]])))
  assert.ok(((await said())[0]?.length ?? 0) > 20)
})

test('rule 5: a connection that falls silent without a RST is left within 15 s for a fresh one', async (t) => {
  const world = await World.start()
  t.after(() => world.close())
  const exporter = await world.exporter({ config: world.config(['nodes']) })
  await exporter.until((metrics) => metrics.value('nodes_not_ready_ratio') === 0, 'the ratio')
  world.kubernetes.freeze()
  world.kubernetes.thaw()
  using stolen = stolenTime()
  const silentSince = performance.now()
  world.kubernetes.cluster.setReady('node-0', 'Unknown')
  await exporter.until((metrics) => metrics.value('nodes_not_ready_ratio') === 0.25, 'the news')
  const tookMs = performance.now() - silentSince - stolen.msSince(silentSince)
  assert.ok(tookMs < 15_000, `took ${tookMs} ms`)
})

test('rule 6: retired addresses, nodes that are ready again and targets that are gone leave /metrics on time', async (t) => {
  const world = await World.start()
  t.after(() => world.close())
  const config = { ...world.config(), retention: '3s' }
  const exporter = await world.exporter({ config })
  await exporter.ready()
  await exporter.until((metrics) => metrics.value('elb_addresses') === 2, 'two addresses')
  world.setAddresses(['10.0.0.2'])
  await exporter.until((metrics) => metrics.value('elb_address_info', '10.0.0.1"', 'retired') === 1, 'the retired one')
  await exporter.until((metrics) => metrics.lines('elb_address_info').length === 1, 'the retired one left')
  world.kubernetes.cluster.setReady('node-0', 'False', 'KubeletNotReady')
  await exporter.until(
    (metrics) => (metrics.value('node_not_ready_since_timestamp_seconds', 'node-0') ?? 0) > 0,
    'not ready',
  )
  world.kubernetes.cluster.setReady('node-0', 'True')
  await exporter.until((metrics) => metrics.lines('node_not_ready_since').length === 0, 'ready again')
  world.aws.remove('classic', 'k8s-api')
  await exporter.until((metrics) => metrics.lines('elb_').length === 0, 'the load balancer left')
  await exporter.writeConfig(world.config(['nodes']))
  assert.equal((await exporter.get('/-/reload', { method: 'POST' })).status, 200)
  const after = await exporter.metrics()
  assert.deepEqual([...after.lines('dns_'), ...after.lines('elb_'), ...after.lines('aws_')], [])
  assert.equal(after.value('nodes', 'ready="true"', 'us-west-2a'), 2)
})
