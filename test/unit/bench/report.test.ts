import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type Against, judge, type Row, table } from '../../bench/report.ts'
import { imageSettings } from '../../bench/subject.ts'

function row(value: number, against?: Against): Row {
  return { part: 'dns', name: 'a figure', value, unit: 'ms', ...(against === undefined ? {} : { against }) }
}

describe('the verdict of a figure', () => {
  it('is ok up to a bound above and from a bound below, and MISSED beyond it', () => {
    assert.equal(judge(row(10, { kind: 'at_most', value: 10 })).verdict, 'ok')
    assert.equal(judge(row(10.1, { kind: 'at_most', value: 10 })).verdict, 'MISSED')
    assert.equal(judge(row(10, { kind: 'at_least', value: 10 })).verdict, 'ok')
    assert.equal(judge(row(9.9, { kind: 'at_least', value: 10 })).verdict, 'MISSED')
  })

  it('is MISSED for a figure that is no number, whatever it is held against', () => {
    const bounds: (Against | undefined)[] = [
      undefined,
      { kind: 'at_most', value: 1 },
      { kind: 'at_least', value: 1 },
      { kind: 'peer', name: 'peer', value: 1 },
    ]
    for (const against of bounds) assert.equal(judge(row(Number.NaN, against)).verdict, 'MISSED')
  })

  it('is silent beside a peer, and gives the ratio to it', () => {
    const judged = judge(row(5, { kind: 'peer', name: 'peer', value: 50 }))
    assert.equal(judged.ratio, 0.1)
    assert.equal(judged.verdict, '')
  })
})

describe('the table', () => {
  it('lines up its columns, numbers to the right, with three digits that count', () => {
    const rows = [
      row(0.123456, { kind: 'at_most', value: 0.1 }),
      row(12_345.6, { kind: 'peer', name: 'peer', value: 100 }),
      row(Number.NaN),
    ]
    assert.equal(
      table(rows.map(judge)),
      [
        'part  name         figure  goal or peer  ratio',
        '----  --------  ---------  ------------  -----  ------',
        'dns   a figure   0.123 ms      ≤ 0.1 ms   1.23  MISSED',
        'dns   a figure  12,346 ms   peer 100 ms    123',
        'dns   a figure    none ms                       MISSED',
        '',
      ].join('\n'),
    )
  })
})

describe('the exporter that is measured', () => {
  it('runs with the flags of Node that the image gives', async () => {
    const { flags, env } = await imageSettings()
    assert.ok(flags.length > 0)
    assert.ok(flags.every((flag) => /^--[a-z-]+=\d+$/.test(flag)))
    assert.deepEqual(env, { NODE_ENV: 'production', MALLOC_ARENA_MAX: '1' })
  })
})
