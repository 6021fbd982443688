import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import type { Failure } from '../../../../exporter/core/poll.ts'
import { systemClock } from '../../../../exporter/service/clock.ts'
import { create, leaseBounds } from '../../../../exporter/signals/heartbeats/collector.ts'
import { heartbeatsMetrics } from '../../../../exporter/signals/heartbeats/metrics.ts'
import { clusterViews } from '../../../../exporter/signals/views.ts'
import type { Bounds } from '../../../../exporter/sources/kubernetes/bounds.ts'
import { leasesPath } from '../../../lab/kubernetes/answers.ts'
import { LabCluster } from '../../../lab/kubernetes/cluster.ts'
import { LabKubernetes } from '../../../lab/kubernetes-server.ts'
import { memoryDeps, noDns, runContext } from '../deps.ts'

let directory = ''

before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'heartbeats-'))
})

after(async () => {
  await rm(directory, { recursive: true })
})

/** Client and server share a process, which may be without CPU for a moment. */
const patience = { connectMs: 5_000, addressMs: 5_000, pageIdleMs: 5_000, pageTotalMs: 60_000 } as const

interface Running extends AsyncDisposable {
  readonly lab: LabKubernetes
  readonly cluster: LabCluster
  run(): Promise<readonly Failure[]>
  /** By Date.now(): the beginning, before any lease was held, and the end of the last run. */
  readonly startedMs: number
  readonly ranUntilMs: number
  samples(): Promise<string[]>
  status(): object
}

async function start(
  nodes: number,
  { excluded = new Set(), ...tuned }: Partial<Bounds> & { excluded?: ReadonlySet<string> } = {},
): Promise<Running> {
  const startedMs = Date.now()
  const cluster = new LabCluster()
  for (let index = 0; index < nodes; index += 1) cluster.addNode(`node-${index}`)
  const lab = await LabKubernetes.start({ cluster, token: 'secret' })
  const kubeconfig = await lab.writeKubeconfig(join(directory, `config-${lab.port}`))
  const views = clusterViews()
  views.nodes.tell({ has: (node) => !excluded.has(node) })
  const memory = memoryDeps({ tables: [heartbeatsMetrics], dns: noDns, cluster: 'prod', views })
  const bounds = { ...leaseBounds, ...patience, pageItems: 2, ...tuned }
  const collector = create(
    { kubeconfig, inCluster: false, heartbeatStaleAfterMs: 25_000 },
    { ...memory.deps, clock: systemClock },
    { bounds },
  )
  const [task] = collector.tasks
  assert.ok(task?.kind === 'scheduled')
  let ranUntilMs = startedMs
  return {
    lab,
    cluster,
    run: async () => {
      const failures = await task.run(runContext({ intervalMs: 10_000 }))
      ranUntilMs = Date.now()
      return failures
    },
    startedMs,
    get ranUntilMs() {
      return ranUntilMs
    },
    samples: async () => (await memory.store.render()).split('\n').filter((line) => line.startsWith('elbchurn_')),
    status: () => collector.status() as object,
    async [Symbol.asyncDispose]() {
      await collector.stop()
      await lab.close()
    },
  }
}

/** A Date of HTTP is cut to the second. */
const dateSeconds = 2

/** `ageSeconds` of a lease when it was held: what was told is that, or more by the time that has passed since. */
function isAge(running: Running, ageSeconds: number, told: number | undefined): boolean {
  const passed = (running.ranUntilMs - running.startedMs) / 1_000
  return told !== undefined && told >= ageSeconds - dateSeconds && told <= ageSeconds + passed + dateSeconds
}

/** The stale count, and `ageSeconds` where the greatest age is that. */
async function told(running: Running, ageSeconds: number): Promise<(number | undefined)[]> {
  const [stale, age] = (await running.samples()).map((line) => Number(line.split(' ').at(-1)))
  return [stale, isAge(running, ageSeconds, age) ? ageSeconds : age]
}

describe('the collector of heartbeats', () => {
  it('counts the nodes whose lease is older than the threshold', async () => {
    await using running = await start(4)
    running.cluster.holdLease('node-1', Date.now() - 42_000)
    running.cluster.holdLease('node-2', Date.now() - 15_000)
    assert.deepEqual(await running.run(), [])
    const text = await running.samples()
    assert.equal(text[0], 'elbchurn_nodes_heartbeat_stale{cluster="prod"} 1')
    const oldest = /^elbchurn_node_heartbeat_age_max_seconds\{cluster="prod"\} ([\d.]+)$/.exec(text[1] ?? '')
    assert.ok(isAge(running, 42, Number(oldest?.[1])), text[1])
    const named = /^elbchurn_node_last_heartbeat_timestamp_seconds\{cluster="prod",node="node-1"\} (\d+)$/.exec(
      text[2] ?? '',
    )
    assert.equal(text.length, 3)
    assert.ok(isAge(running, 42, running.ranUntilMs / 1_000 - Number(named?.[1])), text[2])
  })

  it('leaves out nodes that should not be ready', async () => {
    await using running = await start(4, { excluded: new Set(['node-1']) })
    running.cluster.holdLease('node-1', Date.now() - 600_000)
    running.cluster.holdLease('node-3', Date.now() - 32_000)
    await running.run()
    assert.deepEqual(await told(running, 32), [1, 32])
  })

  it('is not misled by a server whose clock is wrong, and reports by how much', async () => {
    for (const aheadMs of [-7_200_000, 7_200_000]) {
      await using running = await start(3)
      running.lab.dateAheadMs = aheadMs
      for (const node of ['node-0', 'node-1']) running.cluster.holdLease(node, Date.now() + aheadMs - 1_000)
      running.cluster.holdLease('node-2', Date.now() + aheadMs - 36_000)
      await running.run()
      assert.deepEqual(await told(running, 36), [1, 36])
      const { server_clock_ahead_seconds: ahead } = running.status() as { server_clock_ahead_seconds: number }
      // The request took a part of the time that has passed.
      const passed = (running.ranUntilMs - running.startedMs) / 1_000
      assert.ok(Math.abs(ahead - aheadMs / 1_000) <= 1 + passed, String(ahead))
    }
  })

  it('asks the cache of the server, and reads pages where it sends them all the same', async () => {
    await using running = await start(5)
    running.cluster.holdLease('node-4', Date.now() - 32_000)
    await running.run()
    running.lab.cachesLeases = false
    await running.run()
    assert.deepEqual(await told(running, 32), [1, 32])
    const asked = running.lab.requests.map((path) => path.replace(leasesPath, '').replace(/continue=[^&]+/, 'continue'))
    const first = '?limit=2&resourceVersion=0'
    assert.deepEqual(asked, [first, first, '?limit=2&continue', '?limit=2&continue'])
  })

  it('tells which right is missing, and keeps its values', async () => {
    await using running = await start(2)
    running.cluster.holdLease('node-0', Date.now() - 32_000)
    await running.run()
    running.lab.fault({ on: 'leases', status: 403, message: 'leases is forbidden' })
    const [failure] = await running.run()
    assert.equal(failure?.reason, 'denied')
    assert.equal(
      failure?.message,
      `list leases in kube-node-lease at ${running.lab.url}: HTTP 403 (leases is forbidden); grant the verb list on leases in kube-node-lease to this account by a Role there`,
    )
    assert.deepEqual(await told(running, 32), [1, 32])
  })

  it('dials anew for each run, and leaves a server that falls silent within its bounds', async () => {
    await using running = await start(2, { connectMs: 1_000, addressMs: 500, pageIdleMs: 1_000 })
    await running.run()
    await running.run()
    assert.equal(running.lab.dials, 2)
    running.lab.freeze()
    const before = performance.now()
    const [failure] = await running.run()
    assert.equal(failure?.reason, 'timeout')
    assert.ok(performance.now() - before < patience.connectMs)
    running.lab.thaw()
    assert.deepEqual(await running.run(), [])
  })

  it('reads a damaged answer as a failure', async () => {
    await using running = await start(2)
    for (const instead of ['garbage', 'cut', 'reset'] as const) {
      running.lab.fault({ on: 'leases', times: 2, instead })
      assert.equal((await running.run()).length, 1)
      running.lab.clearFaults()
    }
    assert.deepEqual(await running.samples(), [])
  })

  it('says so where nobody knows the nodes', async () => {
    const memory = memoryDeps({ tables: [heartbeatsMetrics], dns: noDns })
    const options = { kubeconfig: '/nowhere', inCluster: false, heartbeatStaleAfterMs: 25_000 }
    const [task] = create(options, memory.deps).tasks
    assert.ok(task?.kind === 'scheduled')
    const running = task.run(runContext())
    memory.clock.advance(8_000)
    const [failure] = await running
    assert.match(failure?.message ?? '', /list of nodes is not known/)
  })

  it('lists 5,000 leases', async () => {
    await using running = await start(5_000)
    for (let index = 0; index < 2_500; index += 1) running.cluster.holdLease(`node-${index}`, Date.now() - 32_000)
    assert.deepEqual(await running.run(), [])
    assert.deepEqual(await told(running, 32), [2_500, 32])
  })
})
