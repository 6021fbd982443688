import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Kept } from '../../../exporter/web/kept.ts'

test('a text is made again after ten times as long as it took, or once it is one of another config', () => {
  let nowMs = 0
  const kept = new Kept({ monotonic: () => nowMs })
  let made = 0
  const slow = (ms: number) => () => {
    nowMs += ms
    return `text ${++made}`
  }
  const config = {}
  assert.equal(kept.get(config, slow(100)), 'text 1')
  nowMs += 999
  assert.equal(kept.get(config, slow(100)), 'text 1')
  nowMs += 1
  assert.equal(kept.get(config, slow(1)), 'text 2')
  assert.equal(kept.get({}, slow(1)), 'text 3')
  nowMs += 10
  assert.equal(kept.get({}, slow(0)), 'text 4')
})
