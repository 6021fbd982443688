import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { bucketQuantile, bucketsBetween, bucketsTogether, growthExponent, percentile } from '../../bench/statistics.ts'

describe('percentile', () => {
  it('is the smallest sample that the share does not exceed', () => {
    const samples = [5, 1, 4, 2, 3]
    assert.equal(percentile(samples, 0.5), 3)
    assert.equal(percentile(samples, 0.8), 4)
    assert.equal(percentile(samples, 0.81), 5)
    assert.equal(percentile(samples, 1), 5)
    assert.equal(percentile(samples, 0), 1)
    assert.deepEqual(samples, [5, 1, 4, 2, 3], 'the samples keep their order')
  })

  it('orders numbers as numbers', () => {
    assert.equal(percentile([10, 9, 100], 0.5), 10)
  })

  it('is no number where there are no samples', () => {
    assert.ok(Number.isNaN(percentile([], 0.5)))
  })

  it('has at least its share of the samples at or below it, whatever they are', () => {
    const samples = fc.array(fc.integer(), { minLength: 1 })
    fc.assert(
      fc.property(samples, fc.double({ min: 0, max: 1, noNaN: true }), (values, share) => {
        const found = percentile(values, share)
        assert.ok(values.includes(found))
        assert.ok(values.filter((value) => value <= found).length >= share * values.length)
      }),
    )
  })
})

describe('a quantile of buckets', () => {
  const buckets = [
    { le: 1, count: 10 },
    { le: 2, count: 30 },
    { le: Number.POSITIVE_INFINITY, count: 40 },
  ]

  it('is linear within its bucket, as histogram_quantile', () => {
    assert.equal(bucketQuantile(buckets, 0.125), 0.5)
    assert.equal(bucketQuantile(buckets, 0.5), 1.5)
    assert.equal(bucketQuantile([...buckets].reverse(), 0.75), 2)
  })

  it('is the last finite bound for what lies beyond it', () => {
    assert.equal(bucketQuantile(buckets, 0.99), 2)
  })

  it('is no number where nothing was observed', () => {
    assert.ok(Number.isNaN(bucketQuantile([{ le: 1, count: 0 }], 0.5)))
    assert.ok(Number.isNaN(bucketQuantile([], 0.5)))
  })

  it('counts only what came between two scrapes, also in a bucket that is new', () => {
    const before = [{ le: 1, count: 4 }]
    assert.deepEqual(bucketsBetween(before, buckets.slice(0, 2)), [
      { le: 1, count: 6 },
      { le: 2, count: 30 },
    ])
  })
  it('counts what several rounds observed together', () => {
    const rounds = [buckets, buckets.slice(0, 2)]
    assert.deepEqual(bucketsTogether(rounds), [
      { le: 1, count: 20 },
      { le: 2, count: 60 },
      { le: Number.POSITIVE_INFINITY, count: 40 },
    ])
  })
})

describe('growthExponent', () => {
  it('is 0 where nothing grows, 1 in proportion, 2 with the square', () => {
    const sizes = [100, 1_000, 50_000]
    for (const exponent of [0, 0.5, 1, 2]) {
      const points = sizes.map((size): [number, number] => [size, 3 * size ** exponent])
      assert.ok(Math.abs(growthExponent(points) - exponent) < 1e-9)
    }
    assert.ok(Number.isNaN(growthExponent([[100, 1]])))
  })
})
