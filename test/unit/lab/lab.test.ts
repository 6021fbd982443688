import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { createConnection } from 'node:net'
import { describe, it } from 'node:test'
import { stringify } from 'yaml'
import { parseConfig } from '../../../exporter/service/config/load.ts'
import { narrate } from '../../lab/demo/narrator.ts'
import { changesBetween, readSeries, renderChange } from '../../lab/demo/series.ts'
import { firstConfig } from '../../lab/demo/the-real-thing.ts'
import { Lab, type LabEvent, shippedScenario } from '../../lab/lab.ts'
import { loadScenario, parseScenario } from '../../lab/story/scenario.ts'

function reachable(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection(port, '127.0.0.1')
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
    socket.once('connect', () => socket.destroy())
  })
}

const short = parseScenario(
  `
name: short
description: an address dies
length: 2m
steps:
  - {at: 10s, do: aws_throttles, for: 10s}
  - {at: 30s, do: address_leaves, address: 10.0.1.12}
  - {at: 40s, do: address_dies, address: 10.0.1.12}
`,
  'short.yaml',
)

describe('the lab', () => {
  it('plays a scenario at any speed and size: every server tells what the world is like', async () => {
    const lab = await Lab.start({ scenario: short, scale: 200, nodes: 40 })
    const events: LabEvent[] = []
    lab.on((event) => events.push(event))
    const { stage } = lab
    await lab.play()
    const { cluster } = stage.kubernetes
    const unknown = [...cluster.nodes.values()].filter(({ ready }) => ready === 'Unknown').map(({ name }) => name)
    assert.ok(unknown.length >= 18 && unknown.length <= 22, String(unknown.length))
    const now = Date.now()
    const stale = cluster.leases().filter(({ renewedMs }) => now - renewedMs > 200)
    assert.deepEqual(
      stale.map(({ name }) => name),
      unknown,
    )
    for (const { records } of [stage.dns, stage.resolver]) {
      assert.deepEqual(records.take('internal-k8s-api-1234567890.us-west-2.elb.amazonaws.com', 'A').length, 1)
    }
    const actions = events.flatMap((event) => (event.kind === 'action' ? [event.action.do] : []))
    assert.deepEqual(actions, ['aws_throttles', 'aws_recovers', 'address_leaves', 'address_dies'])
    assert.equal(lab.storyMs, 120_000)
    assert.ok(lab.unknownNodeSeconds > (unknown.length * 40) / 200)
    await lab.close()
  })

  it('leaves no server and no file behind when it is closed in the middle', async () => {
    const lab = await Lab.start({ scenario: short, scale: 1 })
    const { dns, resolver, kubernetes } = lab.stage
    const ports = [dns.port, resolver.port, kubernetes.port]
    const playing = lab.play()
    await lab.close()
    await playing
    for (const port of ports) assert.equal(await reachable(port), false)
    assert.equal(existsSync(lab.folder), false)
  })

  it('gives a config that the exporter accepts, and so does the demo at its end', async () => {
    const lab = await Lab.start({ scenario: await loadScenario(shippedScenario('outage')) })
    const { config } = parseConfig(stringify(lab.config()), 'lab.yaml')
    await lab.close()
    assert.equal(config.clusters[0]?.nodes?.minAgeMs, 8_000)
    assert.equal(parseConfig(firstConfig, 'first.yaml').config.clusters.length, 1)
  })
})

describe('the words of the demo', () => {
  it('tell many kubelets in one line and addresses one by one, by time', () => {
    const at = (atMs: number) => ({ atMs, wallMs: 0 })
    const said = narrate(
      [
        { kind: 'ready', node: 'a', ready: 'Unknown', ...at(95_000) },
        { kind: 'address', address: '10.0.1.12', change: 'dies', ...at(60_000) },
        { kind: 'ready', node: 'b', ready: 'Unknown', ...at(95_000) },
        { kind: 'action', action: { do: 'resolver_lags' }, ...at(61_000) },
        { kind: 'action', action: { do: 'nodes_add', count: 1 }, ...at(61_000) },
      ],
      { notReady: 2, total: 4 },
    )
    assert.deepEqual(said, [
      { atMs: 60_000, text: '10.0.1.12 is dead: its network interface is deleted' },
      { atMs: 61_000, text: 'the caching resolver keeps the answers it has' },
      {
        atMs: 95_000,
        text: 'node controller: 2 nodes Unknown, "Kubelet stopped posting node status."; 2 of 4 not ready',
      },
    ])
  })

  it('show a series where it changed, without the labels that all have, summed over the groups', () => {
    const scrape = (ratio: string, ...unknown: readonly number[]) => [
      `elbchurn_nodes_not_ready_ratio{cluster="prod"} ${ratio}`,
      ...unknown.map((count, zone) => `elbchurn_nodes{cluster="prod",ready="unknown",zone="${zone}"} ${count}`),
      'elbchurn_nodes{cluster="prod",ready="true",zone="0"} 7',
      'elbchurn_build_info{version="1"} 1',
    ]
    const changes = changesBetween(readSeries(scrape('0', 0, 0)), readSeries(scrape('0.3333333', 1, 2)))
    assert.deepEqual(
      changes.map((change) => renderChange(change).replace(/ +/g, ' ')),
      ['elbchurn_nodes{ready="unknown"} 0 -> 3', 'elbchurn_nodes_not_ready_ratio 0 -> 0.333'],
    )
    assert.deepEqual(changesBetween(readSeries(scrape('0', 1)), readSeries(scrape('0', 1))), [])
  })
})
