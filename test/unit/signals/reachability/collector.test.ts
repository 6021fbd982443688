import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, createServer, type Server } from 'node:net'
import { describe, it } from 'node:test'
import type { Clock } from '../../../../exporter/core/clock.ts'
import { systemClock } from '../../../../exporter/service/clock.ts'
import { create } from '../../../../exporter/signals/reachability/collector.ts'
import { reachabilityMetrics } from '../../../../exporter/signals/reachability/metrics.ts'
import { type AddressInSight, clusterViews } from '../../../../exporter/signals/views.ts'
import { until } from '../../../until.ts'
import { settle } from '../../clock.ts'
import { ManualClock, memoryDeps, noDns, runContext } from '../deps.ts'

async function listen(host: string, port = 0): Promise<Server> {
  const server = createServer((socket) => socket.resume()).listen(port, host)
  await once(server, 'listening')
  return server
}

function start(
  port: number,
  inSight: readonly AddressInSight[],
  {
    clock = systemClock,
    intervalMs = 400,
    timeoutMs = 5_000,
  }: { clock?: Clock; intervalMs?: number; timeoutMs?: number } = {},
) {
  const views = clusterViews()
  let seen = inSight
  views.addresses.tell({ all: () => seen })
  const memory = memoryDeps({ tables: [reachabilityMetrics], dns: noDns, cluster: 'prod', views })
  const collector = create({ port, timeoutMs }, { ...memory.deps, clock }, { random: () => 0.5 })
  const [task] = collector.tasks
  assert.ok(task?.kind === 'scheduled')
  return {
    collector,
    run: (first: boolean) => task.run(runContext({ intervalMs, first })),
    see: (next: readonly AddressInSight[]) => {
      seen = next
    },
    samples: async () =>
      (await memory.store.render())
        .split('\n')
        .filter((line) => line.startsWith('elbchurn_'))
        .map((line) => line.replace('elbchurn_elb_address_reachable{cluster="prod",load_balancer=', '{')),
  }
}

function inSight(address: string, state: AddressInSight['state'] = 'active'): AddressInSight {
  return { loadBalancer: 'api', address, state }
}

describe('the reachability collector', () => {
  it('says of each address in sight whether it takes connections', async () => {
    const server = await listen('127.0.7.1')
    const { port } = server.address() as AddressInfo
    const probe = start(port, [inSight('127.0.7.1'), inSight('127.0.7.2', 'retired')])
    assert.deepEqual(await probe.run(true), [])
    assert.deepEqual(await probe.samples(), [
      '{"api",address="127.0.7.1",state="active"} 1',
      '{"api",address="127.0.7.2",state="retired"} 0',
    ])
    const { addresses } = probe.collector.status() as { addresses: { why?: string }[] }
    assert.equal(addresses[1]?.why, 'ECONNREFUSED')
    server.close()
  })

  it('follows an address that falls silent, changes its state and leaves', async () => {
    const server = await listen('127.0.7.3')
    const { port } = server.address() as AddressInfo
    const probe = start(port, [inSight('127.0.7.3')])
    await probe.run(true)
    server.close()
    await probe.run(false)
    assert.deepEqual(await probe.samples(), ['{"api",address="127.0.7.3",state="active"} 0'])
    probe.see([inSight('127.0.7.3', 'retired')])
    await probe.run(false)
    assert.deepEqual(await probe.samples(), ['{"api",address="127.0.7.3",state="retired"} 0'])
    probe.see([])
    await probe.run(false)
    assert.deepEqual(await probe.samples(), [])
    assert.deepEqual(probe.collector.status(), { port, addresses: [] })
  })

  it('spreads the connects of later runs over the interval', async () => {
    const times: number[] = []
    const server = await listen('0.0.0.0')
    server.on('connection', () => times.push(performance.now()))
    const { port } = server.address() as AddressInfo
    const probe = start(
      port,
      ['127.0.7.4', '127.0.7.5', '127.0.7.6', '127.0.7.7'].map((address) => inSight(address)),
      { intervalMs: 2_000, timeoutMs: 300 },
    )
    await probe.run(false)
    // Four fifths of 2 s, in four parts: 1.2 s from the first to the last.
    const [first = 0, last = 0] = [times[0], times.at(-1)]
    assert.ok(last - first >= 500, `${last - first} ms`)
    server.close()
  })

  it('tells what is news at once, and not when the run ends', async (t) => {
    const server = await listen('127.0.7.8')
    const { port } = server.address() as AddressInfo
    const last = await listen('127.0.7.9', port)
    t.after(() => last.close())
    const clock = new ManualClock()
    const probe = start(port, [inSight('127.0.7.8'), inSight('127.0.7.9')], { clock, timeoutMs: 300 })
    await probe.run(true)
    server.close()
    let ended = false
    const running = probe.run(false).finally(() => {
      ended = true
    })
    await settle()
    // The window is 100 ms, and the turns of the two addresses are at 25 and 75.
    clock.advance(50)
    await until('the news', async () => (await probe.samples())[0]?.endsWith(' 0') === true)
    assert.deepEqual(await probe.samples(), [
      '{"api",address="127.0.7.8",state="active"} 0',
      '{"api",address="127.0.7.9",state="active"} 1',
    ])
    assert.equal(ended, false)
    clock.advance(50)
    await running
  })

  it('says so where nobody knows the addresses', async () => {
    const memory = memoryDeps({ tables: [reachabilityMetrics], dns: noDns })
    const [task] = create({ port: 443, timeoutMs: 2_000 }, memory.deps).tasks
    assert.ok(task?.kind === 'scheduled')
    const running = task.run(runContext())
    memory.clock.advance(15_000)
    const [failure] = await running
    assert.match(failure?.message ?? '', /see the collector load_balancers/)
  })
})
