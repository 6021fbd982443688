import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { act, createWorld, type WorldAction } from '../../lab/story/actions.ts'
import { gracePeriodMs, leaseRenewalMs, monitorPeriodMs, pingHangMs, tcpHangMs } from '../../lab/story/durations.ts'
import { lastRenewalMs } from '../../lab/story/kubelets.ts'
import { nextEventMs, step, unknownNodeMs, type World, type WorldEvent } from '../../lab/story/world.ts'

const addresses = [
  { address: '10.0.1.12', zone: 'a' },
  { address: '10.0.2.34', zone: 'b' },
]
const diesMs = 60_000
const hourMs = 3_600_000

function clusterOf(nodes: number): World {
  return createWorld({ addresses, zones: ['a', 'b', 'c'], nodes })
}

/** Plays the actions at their times, then an hour on. */
function play(world: World, timed: readonly (readonly [atMs: number, action: WorldAction])[]) {
  const events: WorldEvent[] = []
  let now = world
  const take = (turn: { world: World; events: readonly WorldEvent[] }) => {
    now = turn.world
    events.push(...turn.events)
  }
  for (const [atMs, action] of timed) take(act(now, action, atMs))
  take(step(now, hourMs))
  return { world: now, events }
}

function ofKind<K extends WorldEvent['kind']>(events: readonly WorldEvent[], kind: K) {
  return events.filter((event): event is Extract<WorldEvent, { kind: K }> => event.kind === kind)
}

function unknownStretches(events: readonly WorldEvent[]): number[] {
  const began = new Map<string, number>()
  return ofKind(events, 'ready').flatMap(({ node, ready, atMs }) => {
    if (ready === 'Unknown') began.set(node, atMs)
    return ready === 'True' && began.has(node) ? [atMs - (began.get(node) ?? 0)] : []
  })
}

const outage = [
  [30_000, { do: 'address_leaves', address: '10.0.1.12' }],
  [diesMs, { do: 'address_dies', address: '10.0.1.12' }],
] as const

describe('the world of the lab', () => {
  it('strands the kubelets of a dead address, half of them, in every zone', () => {
    const { events } = play(clusterOf(12), outage)
    const stalled = ofKind(events, 'stalled').map(({ node }) => node)
    assert.equal(stalled.length, 6)
    const zones = stalled.map((node) => clusterOf(12).kubelets.get(node)?.zone)
    assert.deepEqual([...new Set(zones)].sort(), ['a', 'b', 'c'])
  })

  it('gives a node up at the first look of the node controller after the grace without a renewal', () => {
    const { events } = play(clusterOf(100), outage)
    const renewed = new Map(ofKind(events, 'stalled').map(({ node, renewedMs }) => [node, renewedMs]))
    const lost = ofKind(events, 'ready').filter(({ ready }) => ready === 'Unknown')
    assert.equal(lost.length, renewed.size)
    for (const { node, atMs } of lost) {
      const silence = atMs - (renewed.get(node) ?? Number.NaN)
      assert.ok(silence >= gracePeriodMs && silence < gracePeriodMs + monitorPeriodMs, `${node} ${silence}`)
      assert.equal(atMs % monitorPeriodMs, 0)
    }
  })

  it('brings a kubelet back 924.6 s after its first lost renewal, to the address that is left', () => {
    const { events } = play(clusterOf(12), outage)
    const back = ofKind(events, 'reconnected')
    assert.equal(back.length, 6)
    for (const { node, atMs, address } of back) {
      const ordinal = Number(node.slice(-2)) - 1
      assert.equal(atMs, lastRenewalMs({ ordinal }, diesMs) + leaseRenewalMs + tcpHangMs)
      assert.equal(address, '10.0.2.34')
    }
    for (const ms of unknownStretches(events)) assert.ok(ms >= 884_600 && ms <= 894_600, String(ms))
  })

  it('lets kubelets that ping go after 45 s, which is past the grace, and be Ready 5 to 60 s later', () => {
    const { events } = play(clusterOf(40), [[diesMs, { do: 'kubelets_flap', address: '10.0.2.34' }]])
    for (const { atMs } of ofKind(events, 'reconnected')) assert.equal(atMs, diesMs + pingHangMs)
    const back = ofKind(events, 'ready').filter(({ ready }) => ready === 'True')
    assert.equal(back.length, ofKind(events, 'stalled').length)
    for (const { atMs } of back) {
      const after = atMs - diesMs - pingHangMs
      assert.ok(after >= 5_000 && after <= 60_000, String(after))
    }
  })

  it('keeps stranded kubelets waiting while no address takes connections', () => {
    const { world, events } = play(clusterOf(4), [
      [10_000, { do: 'address_dies', address: '10.0.1.12' }],
      [10_000, { do: 'address_dies', address: '10.0.2.34' }],
      [2_000_000, { do: 'address_joins', address: '10.0.3.1', zone: 'c' }],
    ])
    assert.deepEqual([...new Set(ofKind(events, 'reconnected').map(({ atMs }) => atMs))], [2_000_000])
    assert.deepEqual([...new Set([...world.kubelets.values()].map(({ ready }) => ready))], ['True'])
  })

  it('counts the node-seconds that its events tell of', () => {
    const { world, events } = play(clusterOf(30), outage)
    const told = unknownStretches(events).reduce((sum, ms) => sum + ms, 0)
    assert.equal(unknownNodeMs(world, hourMs), told)
    const midway = step(act(clusterOf(30), outage[1][1], diesMs).world, 500_000)
    const open = ofKind(midway.events, 'ready').map(({ atMs }) => 500_000 - atMs)
    assert.equal(
      unknownNodeMs(midway.world, 500_000),
      open.reduce((sum, ms) => sum + ms, 0),
    )
  })

  it('replaces nodes one for one: cordoned, then deleting, then gone, and new ones Ready after their start', () => {
    const replace = { do: 'nodes_replace', count: 2, drainMs: 60_000, deleteMs: 30_000 } as const
    const { world, events } = play(clusterOf(4), [[30_000, replace]])
    const times = (kind: WorldEvent['kind']) => ofKind(events, kind).map(({ atMs }) => atMs)
    assert.deepEqual(times('cordoned'), [30_000, 30_000])
    assert.deepEqual(times('added'), [30_000, 30_000])
    assert.deepEqual(times('ready'), [60_000, 60_000])
    assert.deepEqual(times('deleting'), [90_000, 90_000])
    assert.deepEqual(times('removed'), [120_000, 120_000])
    assert.deepEqual([...world.kubelets.keys()], ['node-03', 'node-04', 'node-05', 'node-06'])
    assert.equal(unknownNodeMs(world, hourMs), 0)
  })

  it('removes cordoned nodes before others', () => {
    const { world } = play(clusterOf(4), [
      [1_000, { do: 'nodes_add', count: 1 }],
      [2_000, { do: 'nodes_cordon', count: 1 }],
      [3_000, { do: 'nodes_remove', count: 2 }],
    ])
    assert.deepEqual([...world.kubelets.keys()], ['node-03', 'node-04', 'node-05'])
  })

  it('tells the same story in one step and in many', () => {
    const times = fc.array(fc.integer({ min: diesMs, max: 1_100_000 }), { maxLength: 30 })
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 20 }),
        fc.constantFrom('address_dies', 'kubelets_flap'),
        times,
        (nodes, how, at) => {
          const start = act(clusterOf(nodes), { do: how, address: '10.0.1.12' }, diesMs).world
          const whole = step(start, 1_100_000)
          const events: WorldEvent[] = []
          let world = start
          for (const now of [...at.sort((left, right) => left - right), 1_100_000]) {
            const turn = step(world, now)
            world = turn.world
            events.push(...turn.events)
          }
          assert.deepEqual(events, whole.events)
          assert.deepEqual(world, whole.world)
        },
      ),
      { numRuns: 50 },
    )
  })

  it('says when something happens next, and nothing happens before', () => {
    let { world } = act(clusterOf(6), { do: 'address_dies', address: '10.0.1.12' }, diesMs)
    let turns = 0
    for (let next = nextEventMs(world); Number.isFinite(next); next = nextEventMs(world)) {
      assert.deepEqual(step(world, next - 1).events, [])
      const turn = step(world, next)
      assert.ok(turn.events.length > 0)
      world = turn.world
      turns += 1
    }
    assert.ok(turns > 3)
    assert.equal(world.busy.size, 0)
  })
})
