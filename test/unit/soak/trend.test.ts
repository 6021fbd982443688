import assert from 'node:assert/strict'
import { test } from 'node:test'
import { slope } from '../../soak/trend.ts'

test('the slope is what values grow by in each unit of time, whatever they begin with', () => {
  assert.equal(slope([0, 1, 2, 3], [5, 7, 9, 11]), 2)
  assert.equal(slope([0, 1, 2], [4, 4, 4]), 0)
  assert.equal(slope([], []), 0)
})
