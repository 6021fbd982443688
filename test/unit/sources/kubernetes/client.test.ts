import assert from 'node:assert/strict'
import { once } from 'node:events'
import { describe, it } from 'node:test'
import { systemClock } from '../../../../exporter/service/clock.ts'
import { type FindAddresses, HostError } from '../../../../exporter/sources/dns/host-addresses.ts'
import { KubernetesClient } from '../../../../exporter/sources/kubernetes/client.ts'
import { LabKubernetes } from '../../../lab/kubernetes-server.ts'
import { until } from '../../../until.ts'
import { fixedCredentials, follow, testBounds } from './harness.ts'

function clientOf(port: number, addressesOf: FindAddresses, bounds = testBounds) {
  const credentials = fixedCredentials(`http://api.lab.test:${port}`)
  const client = new KubernetesClient({ credentials, clock: systemClock, bounds, addressesOf })
  const { signal } = new AbortController()
  return {
    client,
    get: () => client.ask({ verb: 'list', plural: 'nodes', path: '/version', headersMs: 5_000, signal }),
  }
}

const nobodyAnswers: FindAddresses = async (hostname, signal) => {
  await once(signal, 'abort')
  throw new HostError('ETIMEDOUT', `nobody knows ${hostname}`)
}

describe('the way to an API server', () => {
  it('gives up a name that nobody answers about, names it, and ends its lookup when it dials anew', async () => {
    let ended = false
    const addressesOf: FindAddresses = (hostname, signal) => {
      signal.addEventListener('abort', () => {
        ended = true
      })
      return nobodyAnswers(hostname, signal)
    }
    const { client, get } = clientOf(1, addressesOf, { ...testBounds, lookupMs: 50 })
    const reply = await get()
    assert.ok(!reply.ok)
    assert.equal(reply.failure.reason, 'timeout')
    assert.match(reply.failure.message, /no address of api\.lab\.test within 50 ms/)
    client.dialAnew()
    assert.ok(ended)
  })

  it('says what DNS said where a name has no address', async () => {
    const { get } = clientOf(1, async () => {
      throw new HostError('ENOTFOUND', 'DNS has no address of api.lab.test')
    })
    const reply = await get()
    assert.ok(!reply.ok)
    assert.equal(reply.failure.reason, 'network')
    assert.match(reply.failure.message, /DNS has no address of api\.lab\.test/)
  })

  it('gives the connection its whole time after a slow lookup', async () => {
    await using lab = await LabKubernetes.start({ tls: false })
    const addressesOf = async () => {
      await systemClock.sleep(2_200)
      return [lab.host]
    }
    const { client, get } = clientOf(lab.port, addressesOf, { ...testBounds, lookupMs: 10_000, connectMs: 2_000 })
    const reply = await get()
    assert.ok(reply.ok)
    reply.snapshot.resume()
    client.dialAnew()
  })

  it('is found for one cluster while nobody answers about the names of many others', async () => {
    await using lab = await LabKubernetes.start({ tls: false })
    const others = Array.from({ length: 8 }, () => clientOf(1, nobodyAnswers))
    const failures = others.map(({ get }) => get())
    await using following = follow(fixedCredentials(`http://api.lab.test:${lab.port}`), {
      addressesOf: async () => [lab.host],
    })
    // Sooner than the lookups of the others end by themselves.
    await until('the list', () => following.sink.lists === 1, { limitMs: testBounds.lookupMs / 2 })
    for (const { client } of others) client.dialAnew()
    for (const reply of await Promise.all(failures)) assert.ok(!reply.ok)
  })
})
