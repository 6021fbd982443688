import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { judge, type Renewals, stepRenewals } from '../../../../exporter/signals/heartbeats/renewals.ts'

const renewEveryMs = 10_000
const listEveryMs = 10_000
const staleAfterMs = 25_000
/** What a Date header that is cut to the second makes of the server's clock, at worst. */
const dateErrorMs = 500

const everyNode = () => true

function list(renewedMs: Readonly<Record<string, number>>, atMs: number, aheadMs = 0) {
  const leases = Object.entries(renewedMs).map(([node, ms]) => ({ node, renewedMs: ms }))
  return { leases, listedMs: atMs, serverMs: atMs + aheadMs }
}

function ages(renewals: Renewals, nowMs: number): Record<string, number> {
  return Object.fromEntries([...renewals.byNode].map(([node, { atMs }]) => [node, nowMs - atMs]))
}

describe('the renewals of leases', () => {
  it('are as old as the lease says by the clock of the server', () => {
    const renewals = stepRenewals(undefined, list({ a: 95_000, b: 60_000 }, 100_000))
    assert.deepEqual(ages(renewals, 100_000), { a: 5_000, b: 40_000 })
    const hourAhead = stepRenewals(undefined, list({ a: 3_695_000 }, 100_000, 3_600_000))
    assert.deepEqual(ages(hourAhead, 100_000), { a: 5_000 })
  })

  it('are never older than the list before the one that showed them, nor younger than that one', () => {
    const behind = stepRenewals(undefined, list({ a: 40_000 }, 100_000))
    assert.deepEqual(ages(behind, 100_000), { a: 60_000 })
    assert.deepEqual(ages(stepRenewals(behind, list({ a: 50_000 }, 110_000)), 110_000), { a: 10_000 })
    const ahead = stepRenewals(undefined, list({ a: 160_000 }, 100_000))
    assert.deepEqual(ages(ahead, 100_000), { a: 0 })
  })

  it('of a node that is new are never older than the list before, whatever the clock of its kubelet says', () => {
    const first = stepRenewals(undefined, list({ a: 95_000 }, 100_000))
    const second = stepRenewals(first, list({ a: 105_000, b: 45_000 }, 110_000))
    assert.deepEqual(ages(second, 110_000), { a: 5_000, b: 10_000 })
  })

  it('grow old where a list shows nothing new, also by a server that lags behind', () => {
    const first = stepRenewals(undefined, list({ a: 98_000 }, 100_000))
    const second = stepRenewals(first, list({ a: 88_000 }, 110_000))
    assert.deepEqual(ages(second, 110_000), { a: 12_000 })
    assert.deepEqual(ages(stepRenewals(second, list({ a: 98_000 }, 120_000, -7_000)), 120_000), { a: 22_000 })
  })

  it('leave with their lease', () => {
    const first = stepRenewals(undefined, list({ a: 1, b: 2 }, 10))
    assert.deepEqual([...stepRenewals(first, list({ b: 2 }, 20)).byNode.keys()], ['b'])
  })

  it('are never stale for a kubelet that renews in time, whatever its clock and the clock of the server say', () => {
    const clocks = fc.integer({ min: -7_200_000, max: 7_200_000 })
    const phase = fc.integer({ min: 0, max: renewEveryMs - 1 })
    const errors = fc.array(fc.integer({ min: -dateErrorMs, max: dateErrorMs }), { minLength: 3, maxLength: 20 })
    fc.assert(
      fc.property(clocks, clocks, phase, errors, (kubeletMs, serverMs, phaseMs, dates) => {
        let renewals: Renewals | undefined
        for (const [index, error] of dates.entries()) {
          const nowMs = 1e9 + index * listEveryMs
          const renewed = nowMs - ((nowMs - phaseMs) % renewEveryMs)
          renewals = stepRenewals(renewals, list({ a: renewed + kubeletMs }, nowMs, serverMs + error))
          // The first list tells only what the clocks say.
          if (index === 0) continue
          assert.equal(judge(renewals, everyNode, nowMs, staleAfterMs).stale.length, 0)
        }
      }),
    )
  })

  it('are stale within two lists of the threshold once a kubelet stops, and the age is right where clocks are', () => {
    const phase = fc.integer({ min: 0, max: renewEveryMs - 1 })
    const clocks = fc.integer({ min: -7_200_000, max: 7_200_000 })
    fc.assert(
      fc.property(phase, clocks, fc.integer({ min: 2, max: 9 }), (phaseMs, kubeletMs, lived) => {
        let renewals: Renewals | undefined
        const stopsMs = 1e9 + lived * listEveryMs + phaseMs
        const lastMs = stopsMs - ((stopsMs - phaseMs) % renewEveryMs)
        for (let nowMs = 1e9; nowMs < lastMs + staleAfterMs + 2 * listEveryMs; nowMs += listEveryMs) {
          const renewed = Math.min(lastMs, nowMs - ((nowMs - phaseMs) % renewEveryMs))
          renewals = stepRenewals(renewals, list({ a: renewed + kubeletMs, b: renewed }, nowMs))
          assert.equal(ages(renewals, nowMs).b, nowMs - renewed)
          if (nowMs < lastMs + staleAfterMs + listEveryMs) continue
          const { stale } = judge(renewals, everyNode, nowMs, staleAfterMs)
          assert.deepEqual(stale.map(({ node }) => node).sort(), ['a', 'b'])
        }
      }),
    )
  })
})

describe('the judgement of heartbeats', () => {
  const renewals = stepRenewals(undefined, list({ late: 70_000, edge: 75_000, fresh: 95_000, gone: 0 }, 100_000))

  it('calls a node stale from the threshold on, and tells the oldest', () => {
    const { stale, maxAgeMs, counted } = judge(renewals, (node) => node !== 'gone', 100_000, staleAfterMs)
    assert.deepEqual(stale, [
      { node: 'late', ageMs: 30_000 },
      { node: 'edge', ageMs: 25_000 },
    ])
    assert.equal(maxAgeMs, 30_000)
    assert.equal(counted, 3)
  })

  it('leaves out nodes that should not be ready and leases of nodes that are gone', () => {
    const { stale, maxAgeMs } = judge(renewals, (node) => node === 'fresh', 100_000, staleAfterMs)
    assert.deepEqual([stale, maxAgeMs], [[], 5_000])
  })

  it('knows no age where no node counts', () => {
    assert.deepEqual(
      judge(renewals, () => false, 100_000, staleAfterMs),
      {
        stale: [],
        maxAgeMs: undefined,
        counted: 0,
      },
    )
  })
})
