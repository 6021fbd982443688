import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { LineSplitter } from '../../../../exporter/sources/kubernetes/lines.ts'

describe('cutting a stream into lines', () => {
  it('gives the same lines however the bytes arrive', () => {
    const line = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 }).filter((text) => text.trim() !== '')
    const clean = line.map((text) => text.replace(/[\n\r]/g, '.'))
    fc.assert(
      fc.property(fc.array(clean, { maxLength: 10 }), fc.array(fc.nat(200)), (lines, cuts) => {
        const bytes = Buffer.from(lines.map((text) => `${text}\n`).join(''))
        const splitter = new LineSplitter(10_000)
        const edges = [0, ...cuts.map((cut) => Math.min(cut, bytes.length)).sort((a, b) => a - b), bytes.length]
        const seen = edges.flatMap((from, index) => [...splitter.push(bytes.subarray(from, edges[index + 1]))])
        assert.deepEqual(seen, lines)
      }),
    )
  })

  it('refuses a line beyond the limit before it is complete', () => {
    const splitter = new LineSplitter(10)
    assert.deepEqual([...splitter.push(Buffer.from('123456789\n12345'))], ['123456789'])
    assert.throws(() => [...splitter.push(Buffer.from('678901'))], RangeError)
  })

  it('keeps back an unfinished last line', () => {
    assert.deepEqual([...new LineSplitter(10).push(Buffer.from('a\n\nb'))], ['a'])
  })
})
