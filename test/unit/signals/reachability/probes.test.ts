import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { planProbes, probeLimit } from '../../../../exporter/signals/reachability/probes.ts'

const some = fc.record({
  loadBalancer: fc.constantFrom('a', 'b'),
  address: fc.nat(2_000).map(String),
  state: fc.constantFrom('active' as const, 'retired' as const),
})

describe('the plan of connects', () => {
  it('has each address once, spread over the window in order', () => {
    fc.assert(
      fc.property(
        fc.array(some),
        fc.integer({ min: 0, max: 30_000 }),
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        (inSight, windowMs, chance) => {
          const { probes, omitted } = planProbes(inSight, windowMs, () => chance)
          assert.deepEqual(
            probes.map(({ address }) => address).sort(),
            [...new Set(inSight.map(({ address }) => address))].sort(),
          )
          assert.equal(omitted, 0)
          const times = probes.map(({ atMs }) => atMs)
          assert.ok(times.every((atMs) => atMs >= 0 && atMs <= windowMs))
          assert.deepEqual(
            times,
            [...times].sort((left, right) => left - right),
          )
        },
      ),
    )
  })

  it('stops at the limit, and leaves out retired addresses before active ones', () => {
    const inSight = Array.from({ length: probeLimit + 5 }, (_, index) => ({
      loadBalancer: 'a',
      address: String(index),
      state: index < 10 ? ('retired' as const) : ('active' as const),
    }))
    const { probes, omitted } = planProbes(inSight, 1_000, () => 0.5)
    assert.equal(probes.length, probeLimit)
    assert.equal(omitted, 5)
    assert.equal(probes.filter(({ address }) => Number(address) < 10).length, 5)
  })
})
