import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { systemClock } from '../../../exporter/service/clock.ts'
import { readConnections } from '../../../exporter/sources/proc/connections.ts'
import { LabMachines } from '../../lab/machines.ts'
import { act, createWorld } from '../../lab/story/actions.ts'
import { leaseRenewalMs, tcpHangMs } from '../../lab/story/durations.ts'
import { newKubelet, stallAt } from '../../lab/story/kubelets.ts'
import { retransmissions, socketsOf } from '../../lab/story/sockets.ts'
import { nextEventMs, step } from '../../lab/story/world.ts'

const gone = '10.0.1.12'
const kept = '10.0.2.34'

describe('the connection of a kubelet', () => {
  it('is retransmitted as often as Linux does, and given up at the 16th time-out', () => {
    const counts = [0, 199, 200, 1_700, 3_400, 8_000, tcpHangMs - 1, tcpHangMs].map((ms) => retransmissions(ms).count)
    assert.deepEqual(counts, [0, 0, 1, 3, 4, 5, 15, 16])
    assert.equal(retransmissions(tcpHangMs - 1).nextMs, tcpHangMs)
  })

  it('shows nothing of a dead address until something is sent, then waits, and ends', () => {
    const kubelet = stallAt(newKubelet(0, 'a', gone), 1_000, 'tcp_retries')
    assert.deepEqual(socketsOf(kubelet, 1_000), { connections: [{ remote: gone }], untilMs: leaseRenewalMs })
    const { connections, untilMs } = socketsOf(kubelet, leaseRenewalMs + 1_500)
    assert.deepEqual(connections, [{ remote: gone, timer: 1, unacknowledged: 412, retransmissions: 3 }])
    assert.equal(untilMs, leaseRenewalMs + 3_000)
    assert.deepEqual(socketsOf(kubelet, leaseRenewalMs + tcpHangMs).connections, [])
    assert.deepEqual(socketsOf(undefined, 0).connections, [])
  })
})

describe('the machines of the lab', () => {
  let folder: string
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'machines-'))
  })
  after(() => rm(folder, { recursive: true, force: true }))

  it('show the connection to the old address, its stall, and the one to the new address, as an agent reads them', async () => {
    const addresses = [gone, kept].map((address) => ({ address, zone: 'a' }))
    let world = createWorld({ addresses, zones: ['a'], nodes: 2 })
    const machines = await LabMachines.start(folder, ['node-01', 'node-02'], world)
    const read = async (node: string) => {
      const options = { clock: systemClock, signal: new AbortController().signal }
      const poll = await readConnections(machines.procOf(node), [gone, kept], options)
      return poll.ok ? poll.snapshot.map((own) => `${own.address} ${own.retransmissions}`) : poll.failure
    }
    assert.deepEqual(await read('node-01'), [`${gone} 0`])
    assert.deepEqual(await read('node-02'), [`${kept} 0`])
    world = act(world, { do: 'address_leaves', address: gone }, 1_000).world
    world = act(world, { do: 'address_dies', address: gone }, 2_000).world
    assert.equal(await machines.show(world, 20_000), 10_000 + 12_600)
    assert.deepEqual(await read('node-01'), [`${gone} 5`])
    world = step(world, leaseRenewalMs + tcpHangMs).world
    assert.equal(await machines.show(world, nextEventMs(world)), Number.POSITIVE_INFINITY)
    assert.deepEqual(await read('node-01'), [`${kept} 0`])
    assert.deepEqual(await read('node-02'), [`${kept} 0`])
  })

  it('are of nodes that are there', async () => {
    const world = createWorld({ addresses: [], zones: ['a'], nodes: 1 })
    await assert.rejects(LabMachines.start(folder, ['node-02'], world), /the world has no node node-02/)
    const machines = await LabMachines.start(folder, [], world)
    assert.throws(() => machines.procOf('node-01'), /no machine node-01/)
  })
})
