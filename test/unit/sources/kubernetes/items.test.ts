import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { ItemSplitter } from '../../../../exporter/sources/kubernetes/items.ts'

function split(text: string, cuts: readonly number[] = []): { items: string[]; envelope: string } {
  const items: string[] = []
  const splitter = new ItemSplitter((json) => items.push(json))
  const bytes = Buffer.from(text)
  const edges = [0, ...cuts.map((cut) => Math.min(cut, bytes.length)).sort((a, b) => a - b), bytes.length]
  for (const [index, from] of edges.entries()) splitter.push(bytes.subarray(from, edges[index + 1] ?? from))
  return { items, envelope: splitter.envelope() }
}

const item = fc.dictionary(fc.string({ unit: 'grapheme' }), fc.jsonValue())

describe('cutting the items out of a list', () => {
  it('gives what JSON.parse of the whole gives, however the bytes arrive', () => {
    const metadata = fc.dictionary(fc.string(), fc.jsonValue())
    const space = fc.constantFrom(0, 1, 2)
    fc.assert(
      fc.property(
        fc.array(item),
        metadata,
        fc.boolean(),
        space,
        fc.array(fc.nat(500)),
        (items, meta, last, indent, cuts) => {
          const list = last ? { items, metadata: meta } : { kind: 'NodeList', metadata: meta, items }
          const seen = split(JSON.stringify(list, undefined, indent), cuts)
          const normal = (value: unknown) => JSON.parse(JSON.stringify(value))
          assert.deepEqual(
            seen.items.map((json) => JSON.parse(json)),
            normal(items),
          )
          assert.deepEqual(JSON.parse(seen.envelope), normal({ ...list, items: [] }))
        },
      ),
    )
  })

  it('takes no other array for the items', () => {
    const text = '{"metadata":{"items":[{"a":1}]},"remaining":["items",[{}]],"items":[{"b":"]}\\"{"}]}'
    assert.deepEqual(split(text).items, ['{"b":"]}\\"{"}'])
  })

  it('keeps what is no list at all, for the error to be told', () => {
    assert.deepEqual(split('<html>[{}]</html>'), { items: [], envelope: '<html>[{}]</html>' })
    assert.equal(split('{"items":[{"a":1},{"b"').items.length, 1)
  })
})
