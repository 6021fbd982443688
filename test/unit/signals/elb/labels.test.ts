import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, it, type TestContext } from 'node:test'
import fc from 'fast-check'
import { labelSpaces, labelsIn, type Named } from '../../../../exporter/signals/elb/labels.ts'
import type { LoadBalancerOptions } from '../../../../exporter/signals/elb/options.ts'
import { LabAws } from '../../../lab/aws-server.ts'
import { World } from './world.ts'

const options: LoadBalancerOptions = {
  region: 'us-west-2',
  resolvers: ['authoritative'],
  names: ['k8s-api'],
  tags: {},
  types: ['classic', 'application', 'network'],
  interfaces: false,
}

function named(type: string, id = type === 'classic' ? 'k8s-api' : `arn:loadbalancer/${type}/k8s-api/1`): Named {
  return { id, name: 'k8s-api', type }
}

function labelsOf(accounts: readonly (readonly LoadBalancerOptions[])[], index: number, ...watched: readonly Named[]) {
  const space = labelSpaces(accounts)[index]
  assert.ok(space)
  return watched.map(({ id }) => labelsIn(space, [...watched].reverse(), () => true).get(id))
}

describe('the label of a load balancer', () => {
  it('is its name where no other can have it, and that of the first type where several have it', () => {
    assert.deepEqual(labelsOf([[options]], 0, named('network')), ['k8s-api'])
    assert.deepEqual(labelsOf([[options]], 0, named('classic'), named('network')), [
      'k8s-api',
      'k8s-api (network us-west-2)',
    ])
  })

  it('tells two of one kind and name apart, which AWS may list while one is deleted', () => {
    const twins = [named('network', 'arn:x/net/k8s-api/1'), named('network', 'arn:x/net/k8s-api/2')]
    assert.deepEqual(labelsOf([[options]], 0, ...twins), ['k8s-api', 'k8s-api (network us-west-2 2)'])
  })

  it('is longer where an earlier account may hold the name, and numbered where the region is the same', () => {
    const accounts = [options, { ...options, region: 'us-east-1' }, { ...options, roleArn: 'arn:other' }].map((one) => [
      one,
    ])
    const labels = accounts.map((_, index) => labelsOf(accounts, index, named('classic'))[0])
    assert.deepEqual(labels, ['k8s-api', 'k8s-api (classic us-east-1)', 'k8s-api (classic us-west-2 2)'])
  })

  it('is the name behind an account that asks for other names only', () => {
    assert.deepEqual(labelsOf([[{ ...options, names: ['edge'] }], [options]], 1, named('network')), ['k8s-api'])
    const byTag = { ...options, names: [], tags: { KubernetesCluster: 'prod' } }
    assert.deepEqual(labelsOf([[byTag], [{ ...options, region: 'us-east-1' }]], 1, named('network')), [
      'k8s-api (network us-east-1)',
    ])
  })

  it('is longer while nobody can say whether a classic one has the name', () => {
    const [space] = labelSpaces([[options]])
    assert.ok(space)
    const unsettled = labelsIn(space, [named('network'), { ...named('classic', 'edge'), name: 'edge' }], () => false)
    assert.deepEqual([...unsettled.values()], ['k8s-api (network us-west-2)', 'edge'])
  })

  it('does not depend on the order of arrival, and is never that of another one', () => {
    const type = fc.constantFrom('classic', 'application', 'network')
    const one = fc.record({ type, name: fc.constantFrom('a', 'b'), id: fc.nat(5).map(String) })
    const many = fc.uniqueArray(one, {
      selector: ({ type, name, id }) => (type === 'classic' ? name : `${type}/${id}`),
    })
    const shuffled = many.chain((all) =>
      fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length })),
    )
    fc.assert(
      fc.property(shuffled, ([left, right]) => {
        const [space] = labelSpaces([[options]])
        assert.ok(space)
        const withIds = (all: readonly Named[]) =>
          all.map((lb) => ({ ...lb, id: lb.type === 'classic' ? lb.name : `${lb.type}/${lb.id}` }))
        const sorted = (all: readonly Named[]) => [...labelsIn(space, withIds(all), () => true)].sort()
        assert.deepEqual(sorted(left), sorted(right))
        assert.equal(new Set(sorted(left).map(([, label]) => label)).size, left.length)
      }),
    )
  })
})

describe('two exporters that watch the same load balancers', () => {
  it('give them the same labels whichever account answers first, or fails at first', async (context) => {
    const [west, east] = await regions(context)
    const both = async (westMs: number, eastMs: number) =>
      await World.open(
        { endpoint: await slowed(context, west.endpoint, westMs) },
        { region: 'us-east-1', endpoint: await slowed(context, east.endpoint, eastMs) },
      )
    await using first = await both(0, 200)
    await using second = await both(200, 0)
    await using third = await both(0, 0)
    west.fail('*', 'access-denied')
    assert.equal((await third.discover()).length, 1)
    assert.deepEqual(await labels(third), ['k8s-api (classic us-east-1)=east.elb.test'])
    west.clearFaults()
    const expected = ['k8s-api (classic us-east-1)=east.elb.test', 'k8s-api=west.elb.test']
    for (const world of [first, second, third]) {
      assert.deepEqual(await world.discover(), [])
      assert.deepEqual(await labels(world), expected)
      await world.restart('restart')
      await world.discover()
      assert.deepEqual(await labels(world), expected)
    }
  })

  it('give them the same labels where one of them saw the younger namesake first', async () => {
    await using old = await World.open({ types: ['classic', 'network'] })
    old.put('k8s-api', { type: 'network', dnsName: 'net.elb.test' })
    old.dns.set('net.elb.test', ['192.0.2.1'])
    await old.discover()
    old.dns.set('net.elb.test', ['192.0.2.2'])
    await old.look()
    assert.deepEqual(await labels(old), ['k8s-api=net.elb.test'])
    old.put('k8s-api')
    assert.deepEqual(await old.discover(), [])
    const expected = ['k8s-api (network us-west-2)=net.elb.test', 'k8s-api=k8s-api.elb.test']
    assert.deepEqual(await labels(old), expected)
    const counters = await old.series('elb_address_changes_total')
    assert.ok(counters.every((line) => line.endsWith(' 0')) && counters.length === 4, counters.join('\n'))
    assert.match(
      (await old.series('elb_address_last_change_timestamp_seconds')).join(),
      /"k8s-api \(network us-west-2\)"/,
    )
    assert.match((await old.series('elb_address_info')).join(), /\(network us-west-2\)",address="192.0.2.2"/)
    await old.restart('restart')
    assert.deepEqual((await old.series('elb_address_changes_total')).length, 4)
    await old.discover()
    assert.deepEqual(await labels(old), expected)
    old.lab.remove('classic', 'k8s-api')
    await old.discover()
    assert.deepEqual(await labels(old), ['k8s-api=net.elb.test'])
  })

  it('never give a plain name before the classic load balancers are known, and keep one that was right', async () => {
    await using world = await World.open({ types: ['classic', 'network'] })
    world.put('k8s-api', { type: 'network', dnsName: 'net.elb.test' })
    world.lab.fail('elb:DescribeLoadBalancers', 'access-denied')
    assert.equal((await world.discover()).length, 1)
    assert.deepEqual(await labels(world), ['k8s-api (network us-west-2)=net.elb.test'])
    world.lab.clearFaults()
    assert.deepEqual(await world.discover(), [])
    assert.deepEqual(await labels(world), ['k8s-api=net.elb.test'])
    world.lab.fail('elb:DescribeLoadBalancers', 'access-denied')
    await world.restart('restart')
    assert.equal((await world.discover()).length, 1)
    assert.deepEqual(await labels(world), ['k8s-api=net.elb.test'])
  })
})

/** `label=dns name` of each load balancer. */
async function labels(world: World): Promise<string[]> {
  const lines = await world.series('elb_info')
  return lines.map((line) => line.replace(/.*load_balancer="([^"]*)",dns_name="([^"]*)".*/, '$1=$2')).sort()
}

/** The same name in two regions. */
async function regions(context: TestContext): Promise<[LabAws, LabAws]> {
  const [west, east] = [await LabAws.start(), await LabAws.start()]
  context.after(() => Promise.all([west.close(), east.close()]))
  west.put({ name: 'k8s-api', type: 'classic', scheme: 'internal', dnsName: 'west.elb.test' })
  east.put({ name: 'k8s-api', type: 'classic', scheme: 'internal', dnsName: 'east.elb.test' })
  return [west, east]
}

/** An endpoint in front of another one that lets each request wait. */
async function slowed(context: TestContext, endpoint: string, ms: number): Promise<string> {
  const server = createServer((incoming, outgoing) => {
    const { method, headers, url = '/' } = incoming
    setTimeout(() => {
      const onward = request(new URL(url, endpoint), { method, headers }, (answer) => {
        outgoing.writeHead(answer.statusCode ?? 502, answer.headers)
        answer.pipe(outgoing)
      })
      incoming.pipe(onward)
    }, ms)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  context.after(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}
