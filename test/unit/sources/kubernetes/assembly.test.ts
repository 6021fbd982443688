import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { Assembly } from '../../../../exporter/sources/kubernetes/assembly.ts'

describe('Assembly', () => {
  it('gives each text as it was, however it came in parts, and nothing of the one before', () => {
    const assembly = new Assembly()
    const text = fc.string({ unit: 'grapheme', maxLength: 300 })
    fc.assert(
      fc.property(fc.array(text), fc.integer({ min: 1, max: 50 }), (texts, step) => {
        for (const each of texts) {
          const bytes = Buffer.from(each)
          for (let from = 0; from < bytes.length; from += step) assembly.add(bytes.subarray(from, from + step))
          assert.equal(assembly.length, bytes.length)
          assert.equal(assembly.take(), each)
          assert.equal(assembly.length, 0)
        }
      }),
    )
  })

  it('takes a text far beyond what it begins with, and small ones after it', () => {
    const assembly = new Assembly()
    const large = 'ä'.repeat(2_000_000)
    for (const text of ['small', large, 'small again']) {
      const bytes = Buffer.from(text)
      for (let from = 0; from < bytes.length; from += 16_384) assembly.add(bytes.subarray(from, from + 16_384))
      assert.ok(assembly.take() === text)
    }
  })

  it('copies what it is given, since the buffer of a part may be used again', () => {
    const assembly = new Assembly()
    const part = Buffer.from('kept')
    assembly.add(part)
    part.fill('x')
    assert.equal(assembly.take(), 'kept')
  })
})
