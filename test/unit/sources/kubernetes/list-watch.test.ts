import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { defaultBounds } from '../../../../exporter/sources/kubernetes/bounds.ts'
import { retryDelay } from '../../../../exporter/sources/kubernetes/list-watch.ts'
import { LabCluster } from '../../../lab/kubernetes/cluster.ts'
import { LabKubernetes } from '../../../lab/kubernetes-server.ts'
import { until } from '../../../until.ts'
import { fixedCredentials, follow, impatience, testBounds } from './harness.ts'

function clusterOf(count: number): LabCluster {
  const cluster = new LabCluster()
  for (let index = 0; index < count; index += 1) cluster.addNode(`node-${index}`)
  return cluster
}

function startLab(count = 3): Promise<LabKubernetes> {
  return LabKubernetes.start({ cluster: clusterOf(count), tls: false })
}

describe('a list-watch', () => {
  it('lists in pages, then sees each change once and in order', async () => {
    await using lab = await startLab(5)
    await using following = follow(fixedCredentials(lab.url))
    const { sink } = following
    await until('the list', () => sink.lists === 1)
    assert.deepEqual(
      sink.pages.map((items) => items.length),
      [2, 2, 1],
    )
    lab.cluster.addNode('late')
    lab.cluster.setReady('late', 'False')
    lab.cluster.removeNode('late')
    await until('three events', () => sink.events.length === 3)
    assert.deepEqual(sink.events, [
      { type: 'added', name: 'late' },
      { type: 'modified', name: 'late' },
      { type: 'deleted', name: 'late' },
    ])
    assert.deepEqual(sink.failures, [])
  })

  it('never asks for an unpaged list, and always bounds its watches', async () => {
    await using lab = await startLab()
    await using following = follow(fixedCredentials(lab.url))
    await until('a second watch', () => lab.requests.length >= 4)
    for (const path of lab.requests) assert.match(path, /[?&](limit=2|watch=1.*timeoutSeconds=0\.3)(&|$)/)
    assert.deepEqual(following.sink.failures, [])
  })

  it('watches on over one connection when the server ends each watch in time, and loses nothing', async () => {
    await using lab = await startLab()
    await using following = follow(fixedCredentials(lab.url))
    const { sink } = following
    await until('four watches', () => lab.requests.filter((path) => path.includes('watch=1')).length >= 4)
    lab.cluster.setReady('node-0', 'Unknown')
    await until('the event', () => sink.events.length === 1)
    assert.equal(lab.dials, 1)
    assert.equal(sink.lists, 1)
    assert.deepEqual(sink.failures, [])
  })

  it('dials anew through a fresh look-up when the connection is black-holed, and sees what it missed', async () => {
    const cluster = clusterOf(3)
    await using dying = await LabKubernetes.start({ cluster, tls: false, host: '127.0.0.1' })
    await using living = await LabKubernetes.start({ cluster, tls: false, host: '127.0.0.2', port: dying.port })
    let address = '127.0.0.1'
    const addressesOf = async () => [address]
    await using following = follow(fixedCredentials(`http://api.lab.test:${dying.port}`), {
      addressesOf,
      bounds: impatience,
    })
    const { sink } = following
    await until('a watch', () => dying.openWatches === 1)
    dying.freeze()
    address = '127.0.0.2'
    cluster.setReady('node-1', 'Unknown')
    await until('a list of the living server', () => sink.lists === 2)
    assert.ok(
      sink.pages.flat().some(({ name, version }) => name === 'node-1' && version === String(cluster.resourceVersion)),
    )
    assert.deepEqual(sink.reasons, [], 'the way around was found, so nothing failed')
    assert.deepEqual(sink.following, [true, true])
    assert.ok(living.dials >= 1)
    assert.equal(following.client.address, '127.0.0.2')
  })

  it('stays with a watch that the server does not end, as long as it speaks', async () => {
    await using lab = await startLab()
    lab.keepsWatches = true
    await using following = follow(fixedCredentials(lab.url), { bounds: impatience })
    await until('a watch', () => lab.openWatches === 1)
    const silenceMs = testBounds.watchSeconds * 1_000 + impatience.watchGraceMs
    for (const began = performance.now(); performance.now() - began < 1.5 * silenceMs; ) {
      await new Promise((resolve) => setTimeout(resolve, 100))
      lab.bookmark()
    }
    assert.deepEqual(following.sink.failures, [])
    assert.equal(lab.requests.filter((path) => path.includes('watch=1')).length, 1)
    await until('a watch after a list over a fresh connection', () => lab.openWatches === 1 && lab.dials === 2)
    assert.equal(following.sink.lists, 2)
    assert.deepEqual(following.sink.failures, [], 'quiet is not a failure where a fresh connection is answered')
  })

  it('fails when a silent watch is followed by a server that does not answer either', async () => {
    await using lab = await startLab()
    await using following = follow(fixedCredentials(lab.url), { bounds: impatience })
    await until('a watch', () => lab.openWatches === 1)
    lab.freeze()
    await until('the failure', () => following.sink.reasons.length > 0)
    assert.equal(following.sink.reasons[0], 'timeout')
  })

  it('waits for the list after a silence only as long as the doubt allows', async () => {
    await using lab = await startLab()
    // Any other bound would be over only after this test has given up.
    const bounds = { ...impatience, doubtfulIdleMs: 150, pageIdleMs: 60_000, pageTotalMs: 60_000 }
    await using following = follow(fixedCredentials(lab.url), { bounds })
    await until('a watch', () => lab.openWatches === 1)
    lab.freeze()
    await until('the failure', () => following.sink.reasons.length > 0)
    assert.equal(following.sink.reasons[0], 'timeout')
  })

  it('falls to the next address of the name when one accepts nothing', async () => {
    await using lab = await startLab()
    const addressesOf = async () => ['127.0.0.9', '127.0.0.1']
    await using following = follow(fixedCredentials(`http://api.lab.test:${lab.port}`), { addressesOf })
    await until('the list', () => following.sink.lists === 1)
    assert.deepEqual(following.sink.failures, [])
  })

  it('leaves a list that falls silent, and one that is never answered', async () => {
    await using lab = await startLab(5)
    lab.fault({ on: 'continue', instead: 'black_hole', times: 1 })
    lab.fault({ on: 'list', instead: 'black_hole', times: 1 })
    await using following = follow(fixedCredentials(lab.url), { bounds: impatience })
    await until('the list', () => following.sink.lists === 1)
    assert.deepEqual(following.sink.reasons, ['timeout', 'timeout'])
  })

  for (const goneAs of ['status', 'event'] as const) {
    it(`lists anew when its version is compacted, told as ${goneAs}, and calls that no failure`, async () => {
      await using lab = await startLab()
      lab.goneAs = goneAs
      await using following = follow(fixedCredentials(lab.url))
      const { sink } = following
      await until('a watch', () => lab.openWatches === 1)
      lab.cluster.expire()
      await until('a second list', () => sink.lists === 2)
      lab.cluster.setReady('node-0', 'False')
      await until('the event', () => sink.events.length === 1)
      assert.deepEqual(sink.failures, [])
    })
  }

  it('lists anew on an ERROR event 410 in the middle of a watch', async () => {
    await using lab = await startLab()
    await using following = follow(fixedCredentials(lab.url))
    await until('a watch', () => lab.openWatches === 1)
    lab.expireWatches()
    await until('a second list', () => following.sink.lists === 2)
    assert.deepEqual(following.sink.failures, [])
  })

  it('starts the list anew when the continue token has expired', async () => {
    await using lab = await startLab(5)
    lab.fault({ on: 'continue', status: 410, times: 1 })
    await using following = follow(fixedCredentials(lab.url))
    await until('the list', () => following.sink.lists === 1)
    assert.equal(following.sink.pages.flat().length, 5)
    assert.deepEqual(following.sink.failures, [])
  })

  it('waits as long as a throttling server asks, and no longer than its own bound', async () => {
    await using lab = await startLab()
    lab.fault({ on: 'list', status: 429, retryAfterSeconds: 0.15, times: 1 })
    const startedAt = performance.now()
    await using following = follow(fixedCredentials(lab.url))
    await until('the list', () => following.sink.lists === 1)
    assert.ok(performance.now() - startedAt >= 150)
    assert.deepEqual(following.sink.reasons, ['throttled'])
    assert.equal(retryDelay(1, { reason: 'throttled', message: '', retryAfterMs: 3_600_000 }, delays(0)), 10_000)
  })

  it('tells the missing verb when it is forbidden to watch', async () => {
    await using lab = await startLab()
    lab.fault({ on: 'watch', status: 403, message: 'nodes is forbidden', times: 1 })
    await using following = follow(fixedCredentials(lab.url))
    const { sink } = following
    await until('a watch after the refusal', () => sink.failures.length === 1 && lab.openWatches === 1)
    assert.equal(sink.failures[0]?.reason, 'denied')
    assert.equal(
      sink.failures[0]?.message,
      `watch nodes at ${lab.url}: HTTP 403 (nodes is forbidden); grant the verb watch on nodes to this account by a ClusterRole`,
    )
  })

  it('names each kind of failure', async () => {
    await using lab = await startLab()
    lab.fault({ on: 'list', status: 503, times: 1 })
    lab.fault({ on: 'list', status: 404, times: 1 })
    lab.fault({ on: 'list', instead: 'reset', times: 1 })
    lab.fault({ on: 'list', instead: 'garbage', times: 1 })
    lab.fault({ on: 'list', instead: 'cut', times: 1 })
    await using following = follow(fixedCredentials(lab.url))
    await until('a watch', () => lab.openWatches === 1)
    assert.deepEqual(following.sink.reasons, ['server', 'not_found', 'network', 'malformed', 'network'])
  })

  it('takes no harm from a kept connection that the server closes just as it is used', async () => {
    await using lab = await startLab()
    lab.fault({ on: 'watch', instead: 'reset', times: 1 })
    await using following = follow(fixedCredentials(lab.url))
    await until('a watch', () => lab.openWatches === 1)
    assert.equal(lab.dials, 2)
    assert.deepEqual(following.sink.failures, [])
  })

  it('comes back after every connection was reset, without a new list', async () => {
    await using lab = await startLab()
    await using following = follow(fixedCredentials(lab.url))
    const { sink } = following
    await until('a watch', () => lab.openWatches === 1)
    lab.resetConnections()
    lab.cluster.setReady('node-2', 'Unknown')
    await until('the event', () => sink.events.length === 1)
    assert.deepEqual(sink.reasons, ['network'])
    assert.equal(sink.lists, 1)
  })

  it('drops a watch that sends what is no event, and lists anew', async () => {
    for (const [raw, reason] of [
      ['not json\n', 'malformed'],
      ['{"type":"MODIFIED","object":{}}\n', 'malformed'],
      ['{"type":"GONE FISHING","object":{"metadata":{"resourceVersion":"7"}}}\n', 'malformed'],
      ['{"type":"ERROR","object":{"code":500,"message":"etcd"}}\n', 'server'],
      ['x'.repeat(100_001), 'limit'],
    ] as const) {
      await using lab = await startLab()
      await using following = follow(fixedCredentials(lab.url))
      const { sink } = following
      await until('a watch', () => lab.openWatches === 1)
      lab.sendRaw(raw)
      await until(`a second list after ${raw.slice(0, 20)}`, () => sink.lists === 2)
      assert.deepEqual(sink.reasons, [reason])
    }
  })

  it('gives up a version that the server refuses for ever, and lists', async () => {
    await using lab = await startLab()
    lab.fault({ on: 'watch', status: 504, message: 'Too large resource version', times: 5 })
    await using following = follow(fixedCredentials(lab.url))
    await until('a second list', () => following.sink.lists === 2)
    assert.deepEqual(new Set(following.sink.reasons), new Set(['timeout']))
  })

  it('backs off from a server that ends each watch at once', async () => {
    await using lab = await startLab()
    await using following = follow(fixedCredentials(lab.url))
    const end = Date.now() + 300
    while (Date.now() < end) {
      lab.endWatches()
      await new Promise((resolve) => setTimeout(resolve, 1))
    }
    assert.ok(lab.requests.length < 30, `${lab.requests.length} requests in 300 ms`)
    assert.deepEqual(following.sink.failures, [])
  })

  it('leaves a connection between two watches once it is old, since its address may have left DNS', async () => {
    await using lab = await startLab()
    await using following = follow(fixedCredentials(lab.url), { bounds: { connectionAgeMs: 100 } })
    await until('a second dial', () => lab.dials >= 2)
    assert.deepEqual(following.sink.failures, [])
    assert.equal(following.sink.lists, 1)
  })

  it('ends at once when told to, and leaves no connection', async () => {
    await using lab = await startLab()
    const following = follow(fixedCredentials(lab.url), { bounds: { watchSeconds: 60 } })
    await until('a watch', () => lab.openWatches === 1)
    const startedAt = performance.now()
    await following[Symbol.asyncDispose]()
    assert.ok(performance.now() - startedAt < 5_000, 'it waits for no end of the watch')
    await until('no connection', () => lab.openConnections === 0)
    assert.deepEqual(following.sink.failures, [])
  })
})

function delays(random: number) {
  return { bounds: defaultBounds, random: () => random }
}

describe('the pause before the next try', () => {
  it('doubles, keeps under 5 s, and differs between exporters by half', () => {
    const least = [1, 2, 3, 4, 5, 6, 100].map((attempt) => retryDelay(attempt, undefined, delays(0)))
    assert.deepEqual(least, [125, 250, 500, 1_000, 2_000, 2_500, 2_500])
    assert.equal(retryDelay(100, undefined, delays(1)), 5_000)
  })

  it('leaves a dead connection within 15 s with the bounds of the program', () => {
    const { watchSeconds, watchGraceMs, connectMs, doubtfulIdleMs } = defaultBounds
    const found = watchSeconds * 1_000 + watchGraceMs
    assert.ok(found + Math.max(doubtfulIdleMs, retryDelay(1, undefined, delays(1)) + connectMs) < 15_000)
  })
})
