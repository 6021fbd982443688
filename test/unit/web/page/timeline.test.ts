import assert from 'node:assert/strict'
import { test } from 'node:test'
import { chooseAxis, place, thin, ticks } from '../../../../exporter/web/page/axis.ts'
import { collector, nodes, nowMs, show } from './watched.ts'

const minute = 60_000
const stretch = (from: number, to: number, ratio: number) => ({ fromMs: nowMs - from, toMs: nowMs - to, ratio })

test('the axis is as short as the news allows, and an hour at the most', () => {
  const spanOf = (...ratios: Parameters<typeof stretch>[]) => {
    const { fromMs, toMs } = chooseAxis(
      [],
      ratios.map((each) => stretch(...each)),
      nowMs,
    )
    return (toMs - fromMs) / minute
  }
  assert.equal(spanOf(), 2)
  assert.equal(spanOf([4 * minute, 0, 0]), 5)
  assert.equal(spanOf([59 * minute, 0, 0]), 60)
  assert.equal(spanOf([59 * minute, 10 * minute, 0], [10 * minute, 0, 0.5]), 15)
  assert.equal(spanOf([59 * minute, 14 * minute, 0], [14 * minute, 0, 0.5]), 30)
  assert.equal(spanOf([50 * minute, 0, 0.5]), 60)
})

test('ticks stand at whole times', () => {
  const axis = { fromMs: Date.UTC(2026, 0, 1, 11, 48, 30), toMs: Date.UTC(2026, 0, 1, 12, 3, 30), tickMs: 5 * minute }
  assert.deepEqual(
    ticks(axis).map((ms) => new Date(ms).toISOString().slice(11, 16)),
    ['11:50', '11:55', '12:00'],
  )
  assert.deepEqual([place(axis, axis.fromMs), place(axis, axis.toMs), place(axis, 0)], [0, 100, 0])
})

test('thinning keeps the height of the shortest spike', () => {
  const ratios = Array.from({ length: 900 }, (_, index) =>
    stretch((900 - index) * 4_000, (899 - index) * 4_000, index === 451 ? 0.7 : 0.1),
  )
  const axis = { fromMs: nowMs - 60 * minute, toMs: nowMs, tickMs: minute }
  const thinned = thin(ratios, axis)
  assert.ok(thinned.length <= 241)
  assert.equal(Math.max(...thinned.map(({ ratio }) => ratio)), 0.7)
  assert.equal(thin([stretch(90 * minute, 70 * minute, 1)], axis).length, 0)
})

test('the picture draws zero, the ratio and what nobody knows apart, and marks the removal down to the axis', () => {
  const ratios = [stretch(240_000, 180_000, 0), stretch(60_000, 0, 0.5)]
  const clusters = [
    {
      name: 'prod',
      collectors: { load_balancers: collector({ load_balancers: [] }), nodes: collector(nodes(2, ['a'])) },
    },
  ]
  const page = show({
    clusters,
    ratios,
    changes: [{ removed: ['10.0.0.1'], secondsAgo: 120, message: 'k8s-api lost 10.0.0.1' }],
  })
  const [, svg = ''] = /<figure class="timeline"[\s\S]*?(<svg role="img"[\s\S]*?)<figcaption/.exec(page) ?? []
  assert.match(svg, /<path class="zero" d="M20,100H40"\/>/)
  assert.match(svg, /<path class="ratio" d="M80,100V50H100V100z"\/><path class="ratio-top" d="M80,50H100"\/>/)
  assert.match(svg, /<line class="guide" x1="60%" x2="60%"/)
  assert.match(svg, /<title>11:58:00 k8s-api lost 10\.0\.0\.1<\/title>/)
  assert.match(svg, /aria-label="From 11:55:00 to 12:00:00 UTC: 1 change\. Not ready: at most 50 %\./)
})

test('a thousand changes at one moment are one mark', () => {
  const clusters = [{ name: 'prod', collectors: { load_balancers: collector({ load_balancers: [] }) } }]
  const page = show({
    clusters,
    changes: Array.from({ length: 1_000 }, (_, index) => ({ removed: [`10.0.0.${index}`], secondsAgo: 60 })),
  })
  assert.equal(page.match(/<svg class="mark left" x=/g)?.length, 1)
  assert.match(page, /and 997 more<\/title>/)
})
