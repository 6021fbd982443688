import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { Lab, shippedScenario } from '../lab/lab.ts'
import { loadScenario } from '../lab/story/scenario.ts'
import { Exporter, type Metrics } from './exporter.ts'

/** The lab with a shipped scenario that has not begun, and a ready exporter on it. */
async function open(t: TestContext, scenario: string, scale: number) {
  const lab = await Lab.start({ scenario: await loadScenario(shippedScenario(scenario)), scale })
  t.after(() => lab.close())
  const exporter = await Exporter.start({ config: lab.config(), env: lab.env })
  t.after(() => exporter.stop())
  await exporter.ready()
  return { lab, exporter }
}

/** Plays to the end and scrapes all along. */
async function scrapes(lab: Lab, exporter: Exporter): Promise<Metrics[]> {
  const seen: Metrics[] = []
  let over = false
  const playing = lab.play().finally(() => {
    over = true
  })
  while (!over) {
    seen.push(await exporter.metrics())
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  await playing
  return seen
}

const removed = (metrics: Metrics) => metrics.value('elb_address_changes_total', 'change="removed"')
const added = (metrics: Metrics) => metrics.value('elb_address_changes_total', 'change="added"')
const ratio = (metrics: Metrics) => metrics.value('nodes_not_ready_ratio')
const transitions = (metrics: Metrics, to: string) => metrics.value('node_ready_transitions_total', `to="${to}"`)
const lostSeconds = (metrics: Metrics) =>
  metrics.value('node_not_ready_seconds_total', 'NodeStatusUnknown') ?? Number.NaN

function nodes(metrics: Metrics, ready: string): number {
  return metrics
    .lines('nodes{')
    .filter((line) => line.includes(`ready="${ready}"`))
    .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0)
}

function stateOf(metrics: Metrics, address: string): string | undefined {
  const line = metrics.lines('elb_address_info').find((text) => text.includes(`address="${address}"`))
  return /state="(\w+)"/.exec(line ?? '')?.[1]
}

/** An incident is measured within 2 % and what a look takes to come through. */
function assertNear(measured: number, wanted: number, affected: number): void {
  const tolerance = 0.02 * wanted + 0.5 * affected
  assert.ok(Math.abs(measured - wanted) <= tolerance, `${measured} node-seconds on /metrics, ${wanted} in the lab`)
}

describe('the shipped scenarios, seen from outside on /metrics', { concurrency: 3 }, () => {
  it('outage: the address that left is retired, half of the nodes are unknown, then all are back', async (t) => {
    const { lab, exporter } = await open(t, 'outage', 50)
    const playing = lab.play()
    const left = await exporter.until(
      (metrics) => stateOf(metrics, '10.0.1.12') === 'retired',
      'the address is retired',
    )
    assert.equal(removed(left), 1)
    assert.equal(left.value('elb_addresses', 'source="dns"'), 1)
    assert.equal(stateOf(left, '10.0.2.34'), 'active')
    const half = await exporter.until((metrics) => ratio(metrics) === 0.5, 'half of the nodes are not ready')
    assert.equal(nodes(half, 'unknown'), 6)
    assert.equal(nodes(half, 'true'), 6)
    assert.equal(half.lines('node_not_ready_since_timestamp_seconds').length, 6)
    await playing
    const after = await exporter.until((metrics) => ratio(metrics) === 0, 'all nodes are back')
    assert.equal(stateOf(after, '10.0.1.12'), 'dead')
    assert.deepEqual([added(after), removed(after)], [0, 1])
    assert.deepEqual([transitions(after, 'unknown'), transitions(after, 'true')], [6, 6])
    assertNear(lostSeconds(after), lab.unknownNodeSeconds, 6)
  })

  it('scale-up: addresses are pending, then added; none leaves and nobody is NotReady', async (t) => {
    const { lab, exporter } = await open(t, 'scale-up', 12)
    const seen = await scrapes(lab, exporter)
    const after = await exporter.until((metrics) => added(metrics) === 2, 'two addresses are added')
    assert.ok(seen.some((metrics) => stateOf(metrics, '10.0.1.77') === 'pending'))
    for (const address of ['10.0.1.12', '10.0.1.77', '10.0.2.34', '10.0.2.88'])
      assert.equal(stateOf(after, address), 'active')
    assert.equal(removed(after), 0)
    assert.deepEqual(new Set(seen.map(ratio)), new Set([0]))
    assert.equal(lostSeconds(after), 0)
  })

  it('rolling-replacement: cordoned, deleting and young nodes are left out and the ratio stays 0', async (t) => {
    const { lab, exporter } = await open(t, 'rolling-replacement', 40)
    const seen = await scrapes(lab, exporter)
    for (const reason of ['cordoned', 'deleting', 'young']) {
      const most = Math.max(...seen.map((metrics) => metrics.value('nodes_excluded', `"${reason}"`) ?? 0))
      assert.ok(most > 0, `${reason}: ${most}`)
    }
    assert.deepEqual(new Set(seen.map(ratio)), new Set([0]))
    const after = await exporter.until((metrics) => nodes(metrics, 'true') === 9, 'nine new nodes are ready')
    assert.deepEqual([transitions(after, 'unknown'), transitions(after, 'false')], [0, 0])
    assert.equal(lostSeconds(after), 0)
  })

  it('http2-flap: the flap is counted, each node and each second of it, though all are back', async (t) => {
    const { lab, exporter } = await open(t, 'http2-flap', 20)
    await scrapes(lab, exporter)
    const after = await exporter.until((metrics) => ratio(metrics) === 0, 'all nodes are back')
    assert.equal(removed(after), 1)
    assert.deepEqual([transitions(after, 'unknown'), transitions(after, 'true')], [6, 6])
    assertNear(lostSeconds(after), lab.unknownNodeSeconds, 6)
  })

  it('dns-failover: one answer change at each resolver, which disagree in between; the load balancer is quiet', async (t) => {
    const { lab, exporter } = await open(t, 'dns-failover', 20)
    const seen = await scrapes(lab, exporter)
    const agreed = (metrics: Metrics) => metrics.value('dns_resolvers_agree')
    const after = await exporter.until((metrics) => agreed(metrics) === 1, 'the resolvers agree again')
    assert.ok(seen.some((metrics) => agreed(metrics) === 0))
    for (const { address } of [lab.stage.dns, lab.stage.resolver]) {
      assert.equal(after.value('dns_answer_changes_total', `resolver="${address}"`), 1)
      const answers = after.lines('dns_answer_info').filter((line) => line.includes(`resolver="${address}"`))
      assert.deepEqual(
        answers.map((line) => /answer="([^"]+)"/.exec(line)?.[1]),
        ['10.9.0.10', '10.9.0.11'],
      )
    }
    assert.deepEqual([added(after), removed(after)], [0, 0])
  })
})
