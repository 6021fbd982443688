import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { selectorsOf } from './promql.ts'

describe('the reader of PromQL that the rules for boards stand on', () => {
  it('finds metrics with their matchers, range and caller', () => {
    const [one, second, ...rest] = selectorsOf(
      'max by (cluster, up) (rate(a_total{code!="O}K", job=~"$job"}[$__rate_interval])) / on (up) group_left () b > 2',
    )
    assert.deepEqual(one, {
      metric: 'a_total',
      matchers: [
        { label: 'code', operator: '!=', value: 'O}K' },
        { label: 'job', operator: '=~', value: '$job' },
      ],
      range: '$__rate_interval',
      caller: 'rate',
    })
    assert.deepEqual([second?.metric, second?.range, second?.caller, rest.length], ['b', undefined, undefined, 0])
  })

  it('finds recorded series and those in label_replace, and takes no function, word or string for one', () => {
    const text = 'label_replace(c:m:max{x="and"}, "to", "$1", "from", "(.*)") unless on (z) vector(time()) >= $__from'
    assert.deepEqual(
      selectorsOf(text).map(({ metric }) => metric),
      ['c:m:max'],
    )
  })
})
