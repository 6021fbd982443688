import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { create } from '../../../../exporter/signals/connections/collector.ts'
import { connectionsMetrics } from '../../../../exporter/signals/connections/metrics.ts'
import { clusterViews } from '../../../../exporter/signals/views.ts'
import { type LabConnection, writeProc } from '../../../lab/proc.ts'
import { ManualClock, type MemoryOptions, memoryDeps, noDns, runContext } from '../deps.ts'

let directory = ''

before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'connections-'))
})

after(async () => {
  await rm(directory, { recursive: true })
})

const hostname = 'api.prod.example.com'

/** A collector over a /proc that tests write and answers that they set. */
async function start(options: Partial<MemoryOptions> = {}) {
  const proc = await mkdtemp(join(directory, 'proc-'))
  const views = clusterViews()
  let records: readonly string[] | undefined = ['10.0.0.1', '10.0.0.2']
  let names = [hostname]
  views.answers.tell({
    all: () => names.map((name) => ({ question: { hostname: name, type: 'A' as const }, resolver: 'system', records })),
  })
  const memory = memoryDeps({ tables: [connectionsMetrics], dns: noDns, cluster: 'prod', views, ...options })
  const collector = create({ proc }, memory.deps)
  const [task] = collector.tasks
  assert.ok(task?.kind === 'scheduled')
  return {
    memory,
    collector,
    answer: (addresses: readonly string[] | undefined, hostnames = names) => {
      records = addresses
      names = hostnames
    },
    /** One run over these connections. */
    see: async (...connections: LabConnection[]) => {
      await writeProc(proc, connections)
      return task.run(runContext())
    },
    remove: () => rm(join(proc, '1'), { recursive: true }),
    run: () => task.run(runContext()),
    samples: async () => {
      const lines = (await memory.store.render()).split('\n').filter((line) => line.startsWith('elbchurn_'))
      return lines.map((line) =>
        line.replace(`cluster="prod",hostname="${hostname}",state=`, '').replace('elbchurn_', ''),
      )
    },
  }
}

const stuck = { timer: 1, unacknowledged: 100, retransmissions: 3 }

describe('the node agent', () => {
  it('says how many connections there are to active and retired addresses, and how many are stalled', async () => {
    const agent = await start()
    assert.deepEqual(await agent.see({ remote: '10.0.0.1' }, { remote: '10.0.0.1' }, { remote: '10.0.0.2' }), [])
    agent.answer(['10.0.0.2', '10.0.0.3'])
    await agent.see(
      { remote: '10.0.0.1', ...stuck },
      { remote: '10.0.0.1' },
      { remote: '10.0.0.2' },
      { remote: '10.9.9.9' },
    )
    assert.deepEqual(await agent.samples(), [
      'connections{"active"} 1',
      'connections{"retired"} 2',
      'connections_stalled{"active"} 0',
      'connections_stalled{"retired"} 1',
      'connections_stalled_seconds_total{"active"} 0',
      'connections_stalled_seconds_total{"retired"} 0',
    ])
  })

  it('says nothing of connections before DNS has answered once', async () => {
    const agent = await start()
    agent.answer(undefined)
    assert.deepEqual(await agent.see({ remote: '10.0.0.1' }), [])
    assert.deepEqual(
      (await agent.samples()).filter((line) => !line.includes('total')),
      [],
    )
  })

  it('counts the seconds of stalls that come and go between two scrapes', async () => {
    const agent = await start()
    const seconds = async () => (await agent.samples()).find((line) => line.includes('seconds_total{"active"}'))
    const { clock } = agent.memory
    await agent.see({ remote: '10.0.0.1', ...stuck }, { remote: '10.0.0.2', ...stuck })
    clock.advance(5_000)
    await agent.see({ remote: '10.0.0.1', ...stuck })
    assert.match((await seconds()) ?? '', / 10$/)
    clock.advance(4_000)
    await agent.see()
    assert.match((await seconds()) ?? '', / 14$/)
    clock.advance(5_000)
    await agent.see({ remote: '10.0.0.1', ...stuck })
    assert.match((await seconds()) ?? '', / 14$/)
  })

  it('keeps its values when /proc cannot be read, counts no seconds then, and withdraws them in the end', async () => {
    const agent = await start()
    const { clock } = agent.memory
    await agent.see({ remote: '10.0.0.1', ...stuck })
    await agent.remove()
    clock.advance(5_000)
    const [failure] = await agent.run()
    assert.equal(failure?.reason, 'not_found')
    assert.equal((await agent.samples())[0], 'connections{"active"} 1')
    await agent.see({ remote: '10.0.0.1', ...stuck })
    assert.match((await agent.samples()).at(-2) ?? '', /total\{"active"\} 0$/)
    await agent.remove()
    clock.advance(121_000)
    await agent.run()
    assert.deepEqual(await agent.samples(), [
      'connections_stalled_seconds_total{"active"} 0',
      'connections_stalled_seconds_total{"retired"} 0',
    ])
  })

  it('knows the retired addresses after a restart, also those that left meanwhile', async () => {
    const first = await start()
    await first.see({ remote: '10.0.0.1' })
    first.answer(['10.0.0.2'])
    await first.see({ remote: '10.0.0.1' })
    const clock = new ManualClock(first.memory.clock.now() + 60_000)
    const second = await start({ books: first.memory.books, clock })
    second.answer(['10.0.0.3'])
    await second.see({ remote: '10.0.0.1' }, { remote: '10.0.0.2', ...stuck }, { remote: '10.0.0.3' })
    assert.deepEqual((await second.samples()).slice(0, 4), [
      'connections{"active"} 1',
      'connections{"retired"} 2',
      'connections_stalled{"active"} 0',
      'connections_stalled{"retired"} 1',
    ])
  })

  for (const [what, book] of [
    ['an address that is none', { active: ['not an address'], retired: [] }],
    ['a time that is none', { active: [], retired: [{ address: '10.0.0.9', atMs: 1e20 }] }],
  ] as const) {
    it(`begins anew from a saved book with ${what}`, async () => {
      const agent = await start({ books: new Map([[hostname, book]]) })
      assert.deepEqual(await agent.see({ remote: '10.0.0.1' }), [])
      assert.deepEqual((await agent.samples()).slice(0, 2), ['connections{"active"} 1', 'connections{"retired"} 0'])
      assert.doesNotMatch(JSON.stringify(agent.collector.status()), /10\.0\.0\.9|not an address/)
    })
  }

  it('forgets a retired address after the retention, but never one that is connected to', async () => {
    const agent = await start({ retentionMs: 60_000 })
    const retired = async () => (await agent.samples())[1]
    await agent.see()
    agent.answer(['10.0.0.3'])
    await agent.see({ remote: '10.0.0.1' })
    agent.memory.clock.advance(61_000)
    await agent.see({ remote: '10.0.0.1' })
    assert.equal(await retired(), 'connections{"retired"} 1')
    await agent.see()
    await agent.see({ remote: '10.0.0.1' }, { remote: '10.0.0.2' })
    assert.equal(await retired(), 'connections{"retired"} 0')
  })

  it('lets the series and the book of a name go that is watched no more', async () => {
    const agent = await start()
    await agent.see()
    agent.answer(['10.0.0.1'], ['other.example.com'])
    await agent.see()
    assert.ok((await agent.samples()).every((line) => line.includes('other.example.com')))
    assert.deepEqual([...agent.memory.books.keys()], ['other.example.com'])
  })

  it('tells in its status which address has which connections', async () => {
    const agent = await start()
    await agent.see({ remote: '10.0.0.2', ...stuck })
    assert.deepEqual(agent.collector.status(), [
      {
        hostname,
        active: [
          { address: '10.0.0.1', connections: 0, stalled: 0 },
          { address: '10.0.0.2', connections: 1, stalled: 1 },
        ],
        retired: [],
        connections: { active: { open: 1, stalled: 1 }, retired: { open: 0, stalled: 0 } },
      },
    ])
  })
})
