import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import type { Clock } from '../../../../exporter/core/clock.ts'
import type { Failure } from '../../../../exporter/core/poll.ts'
import { systemClock } from '../../../../exporter/service/clock.ts'
import { create } from '../../../../exporter/signals/nodes/collector.ts'
import { nodesMetrics } from '../../../../exporter/signals/nodes/metrics.ts'
import type { NodesOptions } from '../../../../exporter/signals/nodes/options.ts'
import type { Collector } from '../../../../exporter/signals/signal.ts'
import type { Bounds } from '../../../../exporter/sources/kubernetes/bounds.ts'
import { LabCluster } from '../../../lab/kubernetes/cluster.ts'
import { LabKubernetes } from '../../../lab/kubernetes-server.ts'
import { stolenTime } from '../../../stolen-time.ts'
import { until } from '../../../until.ts'
import { impatience, testBounds } from '../../sources/kubernetes/harness.ts'
import { ManualClock, type MemoryDeps, memoryDeps, noDns } from '../deps.ts'

const zone = 'topology.kubernetes.io/zone'
let directory = ''

before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'nodes-'))
})

after(async () => {
  await rm(directory, { recursive: true })
})

interface Running extends AsyncDisposable {
  readonly collector: Collector
  readonly memory: MemoryDeps
  readonly lab: LabKubernetes
  readonly successes: (number | undefined)[]
  readonly failures: Failure[]
  samples(): Promise<string[]>
}

interface Start {
  readonly cluster: LabCluster
  readonly clock?: Clock
  readonly options?: Partial<NodesOptions>
  readonly bounds?: Partial<Bounds>
  readonly prepare?: (lab: LabKubernetes) => void
}

async function start({ cluster, clock, options, bounds, prepare }: Start): Promise<Running> {
  const lab = await LabKubernetes.start({ cluster, token: 'secret' })
  prepare?.(lab)
  const kubeconfig = await lab.writeKubeconfig(join(directory, `config-${lab.port}`))
  const manual = clock instanceof ManualClock ? { clock } : {}
  const memory = memoryDeps({ tables: [nodesMetrics], dns: noDns, cluster: 'prod', ...manual })
  memory.store.widen('elbchurn_nodes', ['topology_kubernetes_io_zone'])
  const collector = create(
    { kubeconfig, inCluster: false, groupBy: [], minAgeMs: 120_000, ...options },
    { ...memory.deps, clock: clock ?? systemClock },
    { bounds: { ...testBounds, ...bounds }, random: () => 0.5 },
  )
  const abort = new AbortController()
  const successes: (number | undefined)[] = []
  const failures: Failure[] = []
  const [task] = collector.tasks
  assert.ok(task?.kind === 'stream')
  const done = task.run({
    signal: abort.signal,
    trace: { note: () => undefined },
    succeeded: (durationMs) => successes.push(durationMs),
    failed: (failure) => failures.push(failure),
  })
  return {
    collector,
    memory,
    lab,
    successes,
    failures,
    samples: async () => {
      const lines = (await memory.store.render()).split('\n').filter((line) => line !== '' && !line.startsWith('#'))
      return lines.map((line) =>
        line
          .replace('elbchurn_', '')
          .replace(/\{cluster="prod",?/, '{')
          .replace('{}', ''),
      )
    },
    async [Symbol.asyncDispose]() {
      abort.abort()
      await done
      await collector.stop()
      await lab.close()
    },
  }
}

/** Turns the clock in steps of a tick, and lets what wakes run on. */
async function turn(clock: ManualClock, seconds: number): Promise<void> {
  for (let second = 0; second < seconds; second += 1) {
    clock.advance(1_000)
    await new Promise((resolve) => setImmediate(resolve))
  }
}

async function untilSample(running: Running, wanted: string): Promise<void> {
  await until(wanted, async () => (await running.samples()).includes(wanted))
}

function clusterOf(count: number, clock: Pick<Clock, 'now'> = systemClock): LabCluster {
  const cluster = new LabCluster({ now: () => clock.now() })
  for (let index = 0; index < count; index += 1) cluster.addNode(`node-${index}`)
  return cluster
}

async function notReadySeconds(running: Running): Promise<number> {
  const prefix = 'node_not_ready_seconds_total{reason="NodeStatusUnknown"} '
  const line = (await running.samples()).find((each) => each.startsWith(prefix))
  return Number(line?.slice(prefix.length))
}

/** Turns the clock until the watch works again. */
async function recovered(running: Running, clock: ManualClock): Promise<void> {
  for (let tries = 0; tries < 50; tries += 1) {
    if ((await running.samples()).includes('nodes{ready="unknown"} 1')) return
    await turn(clock, 1)
    await systemClock.sleep(100)
  }
  throw new Error('the watch never came back')
}

describe('the nodes collector', () => {
  it('says on /metrics who should be ready and is not', async () => {
    const clock = new ManualClock(Date.UTC(2026, 0, 1))
    const cluster = new LabCluster({ now: () => clock.now() })
    for (const [name, where] of [
      ['a', 'us-west-2a'],
      ['b', 'us-west-2b'],
      ['c', 'us-west-2b'],
    ] as const) {
      cluster.addNode(name, { labels: { [zone]: where } })
    }
    cluster.addNode('new', { createdMs: clock.now() - 1_000 })
    cluster.addNode('parked', { ready: 'False' })
    cluster.cordon('parked')
    cluster.addNode('leaving')
    cluster.setTaints('leaving', ['karpenter.sh/disrupted'])
    await using running = await start({ cluster, clock, options: { groupBy: [zone] } })
    await until('the list', () => running.successes.length > 0)
    cluster.setReady('b', 'Unknown')
    cluster.setReady('c', 'False', 'KubeletNotReady', Date.UTC(2025, 11, 31, 23, 59))
    const seen = () => JSON.stringify(running.collector.status()).includes('"not_ready":[{"node":"c"')
    await until('both events', () => seen() && JSON.stringify(running.collector.status()).includes('"node":"b"'))
    await turn(clock, 10)
    await untilSample(running, 'node_not_ready_seconds_total{reason="NodeStatusUnknown"} 10')
    assert.deepEqual(await running.samples(), [
      'nodes{ready="true",topology_kubernetes_io_zone="us-west-2a"} 1',
      'nodes{ready="false",topology_kubernetes_io_zone="us-west-2a"} 0',
      'nodes{ready="unknown",topology_kubernetes_io_zone="us-west-2a"} 0',
      'nodes{ready="true",topology_kubernetes_io_zone="us-west-2b"} 0',
      'nodes{ready="false",topology_kubernetes_io_zone="us-west-2b"} 1',
      'nodes{ready="unknown",topology_kubernetes_io_zone="us-west-2b"} 1',
      'nodes_excluded{reason="deleting"} 1',
      'nodes_excluded{reason="cordoned"} 1',
      'nodes_excluded{reason="young"} 1',
      'nodes_not_ready_ratio 0.6666666666666666',
      'node_not_ready_since_timestamp_seconds{node="c",reason="KubeletNotReady"} 1767225540',
      'node_not_ready_since_timestamp_seconds{node="b",reason="NodeStatusUnknown"} 1767225600',
      'nodes_omitted 0',
      'node_ready_transitions_total{to="true"} 0',
      'node_ready_transitions_total{to="false"} 1',
      'node_ready_transitions_total{to="unknown"} 1',
      'nodes_left_ready_total 2',
      'node_not_ready_seconds_total{reason="NodeStatusUnknown"} 10',
      'node_not_ready_seconds_total{reason="KubeletNotReady"} 10',
    ])
    assert.deepEqual(running.failures, [])
  })

  it('tells other collectors which nodes should be ready, until nobody knows any more', async () => {
    const clock = new ManualClock(Date.UTC(2026, 0, 1))
    const cluster = clusterOf(1, clock)
    cluster.addNode('parked')
    cluster.cordon('parked')
    await using running = await start({ cluster, clock })
    const expected = () => running.memory.deps.views.nodes.value
    assert.equal(expected(), undefined)
    await until('the list', () => expected() !== undefined)
    assert.deepEqual(
      ['node-0', 'parked', 'never-there'].map((name) => expected()?.has(name)),
      [true, false, false],
    )
    running.lab.fault({ on: 'any', status: 500 })
    running.lab.resetConnections()
    await until('the failure', () => running.failures.length > 0)
    await turn(clock, 60)
    assert.equal(expected()?.has('node-0'), true)
    await turn(clock, 70)
    assert.equal(expected(), undefined)
  })

  it('says nothing before the first list is whole, and takes a list that breaks off for no success', async () => {
    await using running = await start({
      cluster: clusterOf(5),
      prepare: (lab) => lab.fault({ on: 'continue', status: 503, times: 3 }),
    })
    await until('three failures', () => running.failures.length === 3)
    assert.deepEqual(running.successes, [])
    assert.deepEqual(await running.samples(), [])
    await untilSample(running, 'nodes{ready="true"} 5')
    assert.equal(typeof running.successes[0], 'number', 'the duration of the list')
    assert.deepEqual(
      running.failures.map(({ reason }) => reason),
      ['server', 'server', 'server'],
    )
  })

  it('has the usual reasons and all transitions at 0 from first sight, and no change to tell', async () => {
    const cluster = clusterOf(1)
    cluster.setReady('node-0', 'Unknown')
    await using running = await start({ cluster })
    await until('the list', () => running.successes.length > 0)
    const samples = await running.samples()
    for (const zero of [
      'node_ready_transitions_total{to="true"} 0',
      'node_ready_transitions_total{to="unknown"} 0',
      'nodes_left_ready_total 0',
      'node_not_ready_seconds_total{reason="NodeStatusUnknown"} 0',
      'node_not_ready_seconds_total{reason="KubeletNotReady"} 0',
    ]) {
      assert.ok(samples.includes(zero), zero)
    }
    assert.deepEqual(running.memory.changes, [])
  })

  it('keeps the values while the watch is down, withdraws them after 2 minutes, and counts no seconds then', async () => {
    const clock = new ManualClock()
    const cluster = clusterOf(2, clock)
    await using running = await start({ cluster, clock, bounds: impatience })
    await until('the list', () => running.successes.length > 0)
    cluster.setReady('node-0', 'Unknown', 'NodeStatusUnknown', 0)
    await until('the event', () => JSON.stringify(running.collector.status()).includes('"node":"node-0"'))
    await turn(clock, 1)
    await untilSample(running, 'nodes{ready="unknown"} 1')
    running.lab.freeze()
    running.lab.resetConnections()
    await until('a failure', () => running.failures.length > 0)
    await turn(clock, 119)
    assert.ok((await running.samples()).includes('nodes{ready="unknown"} 1'))
    await turn(clock, 3)
    const seconds = await notReadySeconds(running)
    assert.ok(seconds >= 120 && seconds <= 123, `${seconds} s`)
    assert.ok(
      (await running.samples()).every((line) => /_total[{ ]/.test(line)),
      'only the counters are left',
    )
    await turn(clock, 60)
    assert.equal(await notReadySeconds(running), seconds)
    running.lab.thaw()
    await recovered(running, clock)
    assert.ok((await notReadySeconds(running)) < seconds + 60)
  })

  it('says it is down for as long as no watch works, and yet takes the values of each list', async () => {
    const cluster = clusterOf(2)
    const prepare = (lab: LabKubernetes) => lab.fault({ on: 'watch', status: 403 })
    await using running = await start({ cluster, prepare })
    await until('the first failure', () => running.failures.length > 0)
    assert.equal(running.successes.length, 1, 'the first list')
    cluster.setReady('node-0', 'Unknown')
    await untilSample(running, 'nodes{ready="unknown"} 1')
    assert.equal(running.successes.length, 1)
    running.lab.clearFaults()
    await until('the watch', () => running.successes.length > 1)
  })

  it('tells nodes that move together as one change', async () => {
    const cluster = clusterOf(30)
    await using running = await start({ cluster })
    await until('the watch', () => running.lab.openWatches === 1)
    for (let index = 0; index < 25; index += 1) cluster.setReady(`node-${index}`, 'Unknown')
    await until('the change', () => running.memory.changes.length > 0)
    const [change] = running.memory.changes
    assert.equal(change?.kind, 'node_readiness')
    assert.equal(change?.subject, '25 nodes became not ready')
    assert.equal(change?.added.length, 20)
  })

  it('shows a change of a node on /metrics within 250 ms, save where the machine itself stalls', async () => {
    const cluster = clusterOf(50)
    await using running = await start({ cluster })
    await until('the watch', () => running.lab.openWatches === 1)
    using stolen = stolenTime()
    const times: number[] = []
    for (let round = 1; round <= 15; round += 1) {
      const startedAt = performance.now()
      cluster.setReady(`node-${round}`, 'Unknown')
      await untilSample(running, `nodes{ready="unknown"} ${round}`)
      times.push(performance.now() - startedAt - stolen.msSince(startedAt))
    }
    assert.ok(
      times.every((ms) => ms < 250),
      times.map(Math.round).join(' '),
    )
  })

  it('tells its state without secrets, and leaves nothing open', async () => {
    const cluster = clusterOf(1)
    const running = await start({ cluster })
    await until('the watch', () => running.lab.openWatches === 1)
    cluster.setReady('node-0', 'False', undefined, Date.UTC(2026, 0, 1))
    await untilSample(running, 'nodes{ready="false"} 1')
    running.lab.resetConnections()
    await until('a failure', () => running.failures.length > 0)
    const status = running.collector.status() as Record<string, unknown>
    assert.equal(status.server, running.lab.url)
    assert.equal(status.address, '127.0.0.1')
    assert.equal(status.nodes, 1)
    assert.deepEqual(status.not_ready, [
      { node: 'node-0', ready: 'false', reason: 'KubeletNotReady', since: '2026-01-01T00:00:00.000Z' },
    ])
    assert.equal((status.last_failure as Record<string, unknown>).reason, 'network')
    assert.doesNotMatch(JSON.stringify(status), /secret/)
    await running[Symbol.asyncDispose]()
    assert.equal(running.lab.openConnections, 0)
  })
})
