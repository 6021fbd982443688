import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { type NodeRecord, readyValues } from '../../../../exporter/signals/nodes/node.ts'
import { exclusionOf, NodeLedger } from '../../../../exporter/signals/nodes/readiness.ts'
import { nodeSamples, oldestNotReady, readinessChange } from '../../../../exporter/signals/nodes/samples.ts'

const minAgeMs = 120_000
const start = Date.UTC(2026, 0, 1)

function record(name: string, changes: Partial<NodeRecord> = {}): NodeRecord {
  const ready = changes.ready ?? 'true'
  return {
    name,
    uid: `${name}-1`,
    createdMs: start - 3_600_000,
    ready,
    reason: { true: 'KubeletReady', false: 'KubeletNotReady', unknown: 'NodeStatusUnknown' }[ready],
    sinceMs: start,
    cordoned: false,
    deleting: false,
    groups: [],
    ...changes,
  }
}

function at(seconds: number) {
  return { nowMs: start + seconds * 1_000, monotonicMs: seconds * 1_000 }
}

function newLedger(): NodeLedger {
  const ledger = new NodeLedger({ minAgeMs, reasonLimit: 50, groupLimit: 500 })
  ledger.resume(at(0))
  return ledger
}

describe('the transitions of nodes', () => {
  it('are not counted at first sight, and each one after', () => {
    const ledger = newLedger()
    ledger.upsert(record('a', { ready: 'unknown' }), at(0))
    assert.deepEqual(ledger.take().transitions, { true: 0, false: 0, unknown: 0 })
    ledger.upsert(record('a'), at(1))
    ledger.upsert(record('a', { ready: 'false' }), at(2))
    ledger.upsert(record('a', { ready: 'unknown' }), at(3))
    const happened = ledger.take()
    assert.deepEqual(happened.transitions, { true: 1, false: 1, unknown: 1 })
    assert.deepEqual(happened.becameReady, ['a'])
    assert.deepEqual(happened.becameNotReady, ['a'], 'from false to unknown it stays not ready')
  })

  it('count a node that leaves Ready once within 5 minutes, whatever it does meanwhile', () => {
    const ledger = newLedger()
    for (const name of ['a', 'b']) ledger.upsert(record(name), at(0))
    ledger.upsert(record('a', { ready: 'false' }), at(1))
    ledger.upsert(record('a', { ready: 'unknown' }), at(2))
    ledger.upsert(record('a'), at(3))
    ledger.upsert(record('a', { ready: 'unknown' }), at(300))
    ledger.upsert(record('b', { ready: 'unknown' }), at(300))
    assert.equal(ledger.take().leftReady, 2)
    ledger.upsert(record('a'), at(300.5))
    ledger.upsert(record('a', { ready: 'unknown' }), at(301))
    assert.equal(ledger.take().leftReady, 1, 'again after 5 minutes')
  })

  it('are counted when a list after a gap finds them', () => {
    const ledger = newLedger()
    ledger.upsert(record('a'), at(0))
    ledger.beginList()
    ledger.upsert(record('a', { ready: 'unknown' }), at(60))
    ledger.endList(at(60))
    assert.equal(ledger.take().transitions.unknown, 1)
  })

  it('are not counted for nodes that are left out before or after', () => {
    const ledger = newLedger()
    ledger.upsert(record('young', { createdMs: start }), at(0))
    ledger.upsert(record('young', { createdMs: start, ready: 'false' }), at(1))
    ledger.upsert(record('leaving'), at(1))
    ledger.upsert(record('leaving', { ready: 'false', deleting: true }), at(2))
    ledger.upsert(record('parked', { cordoned: true, ready: 'unknown' }), at(1))
    ledger.upsert(record('parked'), at(2))
    assert.deepEqual(ledger.take().transitions, { true: 0, false: 0, unknown: 0 })
  })

  it('are not counted for a node that was made anew under the same name', () => {
    const ledger = newLedger()
    ledger.upsert(record('a'), at(0))
    ledger.upsert(record('a', { uid: 'a-2', ready: 'unknown' }), at(1))
    ledger.remove('a', 'a-1', at(2))
    assert.deepEqual(ledger.take().transitions, { true: 0, false: 0, unknown: 0 })
    assert.equal(ledger.size, 1, 'the late farewell of the old node does not remove the new one')
  })
})

describe('the nodes that count', () => {
  it('leave out one for one reason, deleting before cordoned before young', () => {
    const now = start + 1_000
    const all = { deleting: true, cordoned: true, createdMs: start }
    assert.equal(exclusionOf(record('a', all), now, minAgeMs), 'deleting')
    assert.equal(exclusionOf(record('a', { ...all, deleting: false }), now, minAgeMs), 'cordoned')
    assert.equal(exclusionOf(record('a', { createdMs: start }), now, minAgeMs), 'young')
    assert.equal(exclusionOf(record('a'), now, minAgeMs), undefined)
  })

  it('hold a young node once it has grown up by the clock, without an event', () => {
    const ledger = newLedger()
    ledger.upsert(record('a', { createdMs: start, ready: 'unknown' }), at(0))
    ledger.advance(at(119.9))
    assert.deepEqual([ledger.total, ledger.excluded.young], [0, 1])
    ledger.advance(at(120))
    assert.deepEqual([ledger.total, ledger.excluded.young, ledger.notReady.size], [1, 0, 1])
    assert.deepEqual(ledger.take().transitions, { true: 0, false: 0, unknown: 0 })
  })

  it('do not move the version when a kubelet only reports again', () => {
    const ledger = newLedger()
    ledger.upsert(record('a'), at(0))
    const { version } = ledger
    ledger.upsert(record('a'), at(300))
    assert.equal(ledger.version, version)
    ledger.upsert(record('a', { ready: 'false' }), at(301))
    assert.notEqual(ledger.version, version)
  })
})

describe('the seconds spent not ready', () => {
  it('are integrated by reason, flaps between two readings too', () => {
    const ledger = newLedger()
    for (const name of ['a', 'b', 'c']) ledger.upsert(record(name), at(0))
    ledger.upsert(record('a', { ready: 'unknown' }), at(10))
    ledger.upsert(record('b', { ready: 'unknown' }), at(12))
    ledger.upsert(record('a'), at(15))
    ledger.upsert(record('b', { ready: 'false' }), at(16))
    ledger.advance(at(20))
    assert.deepEqual(
      ledger.take().notReadySeconds,
      new Map([
        ['NodeStatusUnknown', 9],
        ['KubeletNotReady', 4],
      ]),
    )
  })

  it('stand still while nothing is known', () => {
    const ledger = newLedger()
    ledger.upsert(record('a', { ready: 'unknown' }), at(0))
    ledger.pause(at(10))
    ledger.advance(at(500))
    ledger.resume(at(600))
    ledger.advance(at(601))
    assert.deepEqual(ledger.take().notReadySeconds, new Map([['NodeStatusUnknown', 11]]))
  })

  it('tell at most 50 reasons apart', () => {
    const ledger = newLedger()
    for (let index = 0; index < 80; index += 1) {
      ledger.upsert(record(`n${index}`, { ready: 'false', reason: `Reason${index}` }), at(0))
    }
    ledger.advance(at(1))
    const { notReadySeconds } = ledger.take()
    assert.equal(notReadySeconds.size, 49, '48 of them, and other; the 2 usual ones keep their places')
    assert.equal(notReadySeconds.get('other'), 32)
  })
})

describe('the gauges of the nodes', () => {
  it('have no ratio where no node counts', () => {
    const ledger = newLedger()
    ledger.upsert(record('a', { cordoned: true }), at(0))
    const samples = nodeSamples(ledger, [], 10)
    assert.deepEqual(
      samples.map(({ metric, labels, value }) => `${metric} ${Object.values(labels).join(' ')} ${value}`),
      [
        'elbchurn_nodes true 0',
        'elbchurn_nodes false 0',
        'elbchurn_nodes unknown 0',
        'elbchurn_nodes_excluded deleting 0',
        'elbchurn_nodes_excluded cordoned 1',
        'elbchurn_nodes_excluded young 0',
        'elbchurn_nodes_omitted  0',
      ],
    )
  })

  it('name the longest not ready, oldest first, and count the rest', () => {
    const ledger = newLedger()
    for (const [name, since] of [
      ['d', 3],
      ['a', 3],
      ['c', 1],
      ['b', 2],
    ] as const) {
      ledger.upsert(record(name, { ready: 'false', sinceMs: start + since }), at(4))
    }
    const samples = nodeSamples(ledger, [], 3)
    const named = samples.filter(({ metric }) => metric === 'elbchurn_node_not_ready_since_timestamp_seconds')
    assert.deepEqual(
      named.map(({ labels }) => labels.node),
      ['c', 'b', 'a'],
    )
    assert.equal(samples.find(({ metric }) => metric === 'elbchurn_nodes_omitted')?.value, 1)
  })

  it('name the same nodes as sorting them all would', () => {
    const nodes = fc.uniqueArray(fc.record({ name: fc.string(), since: fc.nat(5) }), { selector: ({ name }) => name })
    fc.assert(
      fc.property(nodes, fc.integer({ min: 1, max: 10 }), (all, limit) => {
        const tracked = all.map(({ name, since }) => ({ ...record(name, { sinceMs: since }), exclusion: undefined }))
        const sorted = tracked.toSorted((a, b) => a.sinceMs - b.sinceMs || (a.name < b.name ? -1 : 1))
        assert.deepEqual(oldestNotReady(tracked, limit), sorted.slice(0, limit))
      }),
    )
  })

  it('keep groups apart up to a limit, and let empty ones go', () => {
    const ledger = new NodeLedger({ minAgeMs, reasonLimit: 50, groupLimit: 2 })
    for (const zone of ['a', 'b', 'c', 'd']) ledger.upsert(record(zone, { groups: [zone] }), at(0))
    const zones = () => nodeSamples(ledger, ['zone'], 10).flatMap(({ labels }) => labels.zone ?? [])
    assert.deepEqual(new Set(zones()), new Set(['a', 'b', 'other']))
    ledger.remove('a', 'a-1', at(1))
    assert.deepEqual(new Set(zones()), new Set(['b', 'other']))
  })
})

describe('a change of readiness', () => {
  it('is told once for all nodes, with at most 20 names', () => {
    const ledger = newLedger()
    for (let index = 0; index < 30; index += 1) ledger.upsert(record(`n${index}`), at(0))
    ledger.take()
    assert.equal(readinessChange(ledger.take(), ledger), undefined)
    for (let index = 0; index < 25; index += 1) ledger.upsert(record(`n${index}`, { ready: 'unknown' }), at(1))
    ledger.upsert(record('n0'), at(2))
    const change = readinessChange(ledger.take(), ledger)
    assert.equal(change?.subject, '25 nodes became not ready, 1 node became ready')
    assert.match(change?.message ?? '', /; now 24 of 30 are not ready$/)
    assert.equal(change?.added.length, 20)
    assert.deepEqual(change?.removed, ['n0'])
  })
})

type Step =
  | { readonly kind: 'upsert'; readonly record: NodeRecord; readonly afterMs: number }
  | { readonly kind: 'remove'; readonly name: string; readonly uid: string; readonly afterMs: number }
  | { readonly kind: 'list'; readonly records: readonly NodeRecord[]; readonly afterMs: number }

const anyRecord: fc.Arbitrary<NodeRecord> = fc.record({
  name: fc.constantFrom('a', 'b', 'c', 'd', 'e'),
  uid: fc.constantFrom('1', '2'),
  createdMs: fc.constantFrom(start - 200_000, start, start + 60_000, start + 400_000),
  ready: fc.constantFrom(...readyValues),
  reason: fc.constantFrom('NodeStatusUnknown', 'KubeletNotReady', 'R1', 'R2', 'R3'),
  sinceMs: fc.constantFrom(start, start + 1_000),
  cordoned: fc.boolean(),
  deleting: fc.boolean(),
  groups: fc.tuple(fc.constantFrom('x', 'y', 'z')),
})
const afterMs = fc.nat(90_000)
const anyStep: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constant('upsert' as const), record: anyRecord, afterMs }),
  fc.record({
    kind: fc.constant('remove' as const),
    name: fc.constantFrom('a', 'b', 'c', 'd', 'e'),
    uid: fc.constantFrom('1', '2'),
    afterMs,
  }),
  fc.record({
    kind: fc.constant('list' as const),
    records: fc.uniqueArray(anyRecord, { selector: ({ name }) => name }),
    afterMs,
  }),
)

/** What the ledger should say, counted from scratch. */
function recount(nodes: Iterable<NodeRecord>, nowMs: number) {
  const excluded = { deleting: 0, cordoned: 0, young: 0 }
  const groups: Record<string, Record<string, number>> = {}
  const notReady: string[] = []
  let total = 0
  for (const node of nodes) {
    const exclusion = exclusionOf(node, nowMs, minAgeMs)
    if (exclusion !== undefined) {
      excluded[exclusion] += 1
      continue
    }
    total += 1
    const [group = ''] = node.groups
    const counts = groups[group] ?? { true: 0, false: 0, unknown: 0 }
    groups[group] = counts
    counts[node.ready] = (counts[node.ready] ?? 0) + 1
    if (node.ready !== 'true') notReady.push(node.name)
  }
  return { excluded, groups, notReady: notReady.sort(), total }
}

function said(ledger: NodeLedger) {
  return {
    excluded: { ...ledger.excluded },
    groups: Object.fromEntries([...ledger.groups].map(({ values, counts }) => [values[0], { ...counts }])),
    notReady: [...ledger.notReady.keys()].sort(),
    total: ledger.total,
  }
}

describe('the ledger', () => {
  it('says after any events what a count from scratch says, seconds included', () => {
    fc.assert(
      fc.property(fc.array(anyStep, { maxLength: 40 }), (steps) => {
        const ledger = newLedger()
        const model = new Map<string, NodeRecord>()
        let nowMs = start
        let seconds = 0
        for (const step of steps) {
          // Young nodes grow up between events: the model takes the time in small pieces, the ledger at once for each.
          for (let left = step.afterMs; left > 0; ) {
            const piece = Math.min(left, 1_000)
            seconds += (recount(model.values(), nowMs).notReady.length * piece) / 1_000
            nowMs += piece
            left -= piece
            ledger.advance({ nowMs, monotonicMs: nowMs - start })
          }
          const instant = { nowMs, monotonicMs: nowMs - start }
          if (step.kind === 'upsert') {
            ledger.upsert(step.record, instant)
            model.set(step.record.name, step.record)
          } else if (step.kind === 'remove') {
            ledger.remove(step.name, step.uid, instant)
            if (model.get(step.name)?.uid === step.uid) model.delete(step.name)
          } else {
            ledger.beginList()
            for (const each of step.records) ledger.upsert(each, instant)
            ledger.endList(instant)
            model.clear()
            for (const each of step.records) model.set(each.name, each)
          }
          assert.deepEqual(said(ledger), recount(model.values(), nowMs))
        }
        const counted = [...ledger.take().notReadySeconds.values()].reduce((sum, value) => sum + value, 0)
        assert.ok(Math.abs(counted - seconds) < 1e-6 * (1 + seconds), `${counted} is not ${seconds}`)
      }),
      { numRuns: 200 },
    )
  })
})
