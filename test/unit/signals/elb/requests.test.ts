import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createMetricStore } from '../../../../exporter/metrics/store.ts'
import { elbMetrics } from '../../../../exporter/signals/elb/metrics.ts'
import { countRequest, requestSeriesLimit } from '../../../../exporter/signals/elb/requests.ts'
import { ManualClock } from '../deps.ts'

test('Codes beyond the bound are counted as other, also after a reload, and known ones go on being counted', async () => {
  const store = createMetricStore({ tables: [elbMetrics], clock: new ManualClock() })
  const count = (from: number, to: number) => {
    // A reload gives the next collector a factory of its own on the same series.
    const metrics = store.owner('test elb', { cluster: 'test' })
    for (let index = from; index < to; index++) {
      countRequest(metrics, { service: 'elb', operation: 'DescribeTags', code: `Code${index}` })
    }
  }
  const series = async () =>
    (await store.render()).split('\n').filter((line) => line.startsWith('elbchurn_aws_requests'))
  count(0, 60)
  count(60, 150)
  count(150, 200)
  assert.equal((await series()).length, requestSeriesLimit + 1)
  assert.match((await series()).at(-1) ?? '', /code="other"} 100$/)
  count(0, 1)
  assert.match((await series())[0] ?? '', /code="Code0"} 2$/)
  store.retainOwners(new Set())
  count(500, 510)
  assert.equal((await series()).length, 10, 'series that left give their places back')
})
