import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { World } from './world.ts'

const tags = { KubernetesCluster: 'prod' }

describe('the discovery of load balancers', () => {
  it('finds them by name and by tag, of every type asked for', async () => {
    await using world = await World.open({ tags, types: ['classic', 'application', 'network'] })
    world.put('k8s-api')
    world.put('by-tag', { tags: { ...tags, owner: 'me' } })
    world.put('other', { tags: { KubernetesCluster: 'dev' } })
    world.put('edge', { type: 'application', tags, scheme: 'internet-facing' })
    world.put('wall', { type: 'gateway', tags })
    assert.deepEqual(await world.discover(), [])
    const found = (name: string, type: string, scheme = 'internal') =>
      `{load_balancer="${name}",dns_name="${name}.elb.test",scheme="${scheme}",type="${type}",region="us-west-2"} 1`
    assert.deepEqual(await world.series('elb_info'), [
      found('by-tag', 'classic'),
      found('edge', 'application', 'internet-facing'),
      found('k8s-api', 'classic'),
    ])
  })

  it('asks for tags only where names do not decide, 20 at a time, and again after a minute where they do not match or are young', async () => {
    await using world = await World.open({ tags })
    world.put('k8s-api')
    for (let index = 0; index < 45; index += 1) world.put(`lb-${index}`, index < 2 ? { tags } : {})
    const calls = async () => {
      world.lab.resetCalls()
      assert.deepEqual(await world.discover(), [])
      return world.lab.calls('elb:DescribeTags')
    }
    assert.equal(await calls(), 3)
    assert.equal(await calls(), 0)
    world.put('new', { tags })
    assert.equal(await calls(), 1)
    assert.equal((await world.series('elb_info')).length, 4)
    world.clock.advance(60_000)
    assert.equal(await calls(), 3)
    world.put('lb-44', { tags })
    assert.equal(await calls(), 0)
    world.clock.advance(60_000)
    await calls()
    assert.equal((await world.series('elb_info')).length, 5)
    world.lab.remove('classic', 'lb-44')
    world.put('lb-0', {})
    world.clock.advance(60_000)
    await calls()
    assert.equal((await world.series('elb_info')).length, 3)
    assert.match(
      world.memory.changes.map(({ message }) => message).join(),
      /lb-0 .* no longer matches the configured names or tags/,
    )
  })

  it('reads the tags of those that match and are not young every two minutes, and of all of them after a reload', async () => {
    await using world = await World.open({ names: [], tags })
    world.put('by-tag', { tags })
    await world.discover()
    for (let minute = 0; minute < 10; minute += 1) {
      world.clock.advance(60_000)
      await world.discover()
    }
    const ages: number[] = []
    for (let run = 1; run <= 8; run += 1) {
      world.lab.resetCalls()
      world.clock.advance(30_000)
      await world.discover()
      if (world.lab.calls('elb:DescribeTags') > 0) ages.push(30 * run)
    }
    assert.deepEqual(ages, [60, 180])
    world.lab.resetCalls()
    world.collector.reloaded?.()
    await world.discover()
    assert.equal(world.lab.calls('elb:DescribeTags'), 1)
    await world.discover()
    assert.equal(world.lab.calls('elb:DescribeTags'), 1)
  })

  it('reads the tags of 240 load balancers again in one run at most, the oldest first', async () => {
    await using world = await World.open({ names: [], tags })
    for (let index = 0; index < 500; index += 1) world.put(`lb-${index}`, {})
    await world.discover()
    const calls: number[] = []
    world.clock.advance(30_000)
    for (let run = 0; run < 4; run += 1) {
      world.lab.resetCalls()
      world.clock.advance(30_000)
      await world.discover()
      calls.push(world.lab.calls('elb:DescribeTags'))
    }
    assert.deepEqual(calls, [12, 12, 12, 12])
  })

  it('asks for no tags when none are configured', async () => {
    await using world = await World.open()
    world.put('k8s-api')
    world.put('other')
    await world.discover()
    assert.equal(world.lab.calls('elb:DescribeTags'), 0)
  })

  it('tells a name that does not exist, and goes on with the others', async () => {
    await using world = await World.open({ names: ['k8s-api', 'typo'] })
    world.put('k8s-api')
    assert.deepEqual(await world.discover(), [
      {
        reason: 'not_found',
        message: 'No load balancer typo of type classic in us-west-2: check name, region, types and account',
      },
    ])
    assert.equal((await world.series('elb_info')).length, 1)
  })

  it('tells one that is gone; its series and its book leave', async () => {
    await using world = await World.open({ tags })
    world.put('k8s-api', { instances: [{ id: 'i-1', state: 'InService' }] })
    world.put('by-tag', { tags })
    world.dns.set('k8s-api.elb.test', ['192.0.2.1'])
    await world.discover()
    assert.equal(world.memory.books.size, 2)
    world.lab.remove('classic', 'k8s-api')
    const [failure] = await world.discover()
    assert.equal(failure?.reason, 'not_found')
    assert.deepEqual(world.memory.changes, [
      {
        kind: 'load_balancer',
        subject: 'k8s-api',
        message: 'load balancer k8s-api (k8s-api.elb.test) is gone from AWS: it is not watched any more',
        added: [],
        removed: ['k8s-api'],
        before: ['k8s-api'],
        after: [],
      },
    ])
    assert.deepEqual(
      (await world.metrics()).filter((line) => line.includes('"k8s-api"')),
      [],
    )
    assert.equal(world.memory.books.size, 1)
    await world.look()
    assert.deepEqual(
      (await world.metrics()).filter((line) => line.includes('"k8s-api"')),
      [],
    )
  })

  it('takes no failed, cut or empty answer for a load balancer that is gone', async () => {
    await using world = await World.open({ tags, types: ['classic', 'network'] })
    world.put('k8s-api')
    world.put('edge', { type: 'network', tags })
    assert.deepEqual(await world.discover(), [])
    for (const fault of ['access-denied', 'empty', 'missing-list', 'html', 'half-body', 'repeated-marker'] as const) {
      world.lab.fail('*', fault)
      assert.ok((await world.discover()).length > 0, fault)
    }
    world.lab.clearFaults()
    world.clock.advance(600_000)
    world.lab.fail('elbv2:DescribeTags', 'access-denied')
    assert.match((await world.discover())[0]?.message ?? '', /^AccessDenied on elasticloadbalancing:DescribeTags/)
    assert.equal(world.memory.changes.length, 0)
    assert.equal((await world.series('elb_info')).length, 2)
  })

  it('lets what AWS told go stale by itself while DNS goes on', async () => {
    await using world = await World.open()
    world.put('k8s-api', { instances: [{ id: 'i-1', state: 'InService' }] })
    world.dns.set('k8s-api.elb.test', ['192.0.2.1'])
    await world.discover()
    world.lab.fail('elb:DescribeInstanceHealth', 'access-denied')
    for (let round = 0; round < 5; round += 1) {
      await world.look(30_000)
      assert.equal((await world.discover()).length, 1)
    }
    assert.deepEqual(await world.series('elb_instances'), [])
    assert.equal((await world.series('elb_info')).length, 1)
    assert.equal((await world.series('elb_addresses')).length, 1)
  })

  it('asks for the instances of 25 load balancers a run, under what AWS lets through at once, and all have their turn', async () => {
    await using world = await World.open({ names: [], tags })
    for (let index = 0; index < 40; index += 1) world.put(`lb-${index}`, { tags })
    const calls = async () => {
      world.lab.resetCalls()
      assert.deepEqual(await world.discover(), [])
      return world.lab.calls('elb:DescribeInstanceHealth')
    }
    assert.equal(await calls(), 25)
    world.clock.advance(30_000)
    assert.equal(await calls(), 25)
    assert.equal((await world.series('elb_instances')).length, 40 * 3)
    world.clock.advance(150_000)
    assert.equal((await world.series('elb_instances')).length, 40 * 3, 'a turn takes two runs')
    world.clock.advance(30_001)
    assert.equal((await world.series('elb_instances')).length, 0)
  })

  it('goes on asking DNS after a restart while AWS is down, and counts a change of the gap once', async () => {
    await using world = await World.open()
    world.put('k8s-api')
    world.dns.set('k8s-api.elb.test', ['192.0.2.1', '192.0.2.2'])
    await world.discover()
    world.dns.set('k8s-api.elb.test', ['192.0.2.2'])
    await world.look()
    await world.restart('restart')
    world.lab.fail('*', 'access-denied')
    world.dns.set('k8s-api.elb.test', ['192.0.2.3'])
    assert.deepEqual(await world.look(), [])
    assert.equal((await world.discover()).length, 1)
    assert.deepEqual(await world.series('elb_address_changes_total'), [
      '{load_balancer="k8s-api",change="added"} 1',
      '{load_balancer="k8s-api",change="removed"} 1',
    ])
    const states = (await world.series('elb_address_info')).map((line) => /state="(\w+)"/.exec(line)?.[1])
    assert.deepEqual(states, ['retired', 'retired', 'active'])
    await world.look()
    assert.equal(world.memory.changes.length, 1)
  })

  it('keeps series over a reload, and forgets what the config asks for no more', async () => {
    await using world = await World.open({ names: ['k8s-api', 'edge'] })
    world.put('k8s-api')
    world.put('edge')
    world.dns.set('k8s-api.elb.test', ['192.0.2.1'])
    await world.discover()
    world.dns.set('k8s-api.elb.test', ['192.0.2.2'])
    await world.look()
    const before = await world.series('elb_address_changes_total')
    await world.restart('reload', [{ names: ['k8s-api'] }])
    assert.deepEqual(await world.series('elb_address_changes_total'), before)
    await world.discover()
    assert.deepEqual(
      (await world.metrics()).filter((line) => line.includes('"edge"')),
      [],
    )
    assert.equal(world.memory.books.size, 1)
    await world.restart('reload', [{ names: ['k8s-api'], region: 'eu-west-1' }])
    assert.equal(world.memory.books.size, 0)
    assert.deepEqual(
      (await world.metrics()).filter((line) => line.includes('k8s-api')),
      [],
    )
  })

  it('starts anew where a saved load balancer cannot be read', async () => {
    await using world = await World.openWith({ books: new Map([['us-west-2 k8s-api', { version: 0 }]]) })
    world.put('k8s-api')
    assert.deepEqual(await world.discover(), [])
    assert.equal((await world.series('elb_info')).length, 1)
    assert.match(world.memory.log[0]?.message ?? '', /cannot be read, it starts anew/)
  })

  it('saves and tells no password that stands in the URL of an endpoint', async () => {
    await using world = await World.open()
    world.put('k8s-api')
    const endpoint = world.lab.endpoint.replace('http://', 'http://somebody:hush@')
    await world.restart('restart', [{ endpoint }])
    assert.deepEqual(await world.discover(), [])
    const [key] = world.memory.books.keys()
    assert.ok(key)
    assert.match(key, /^us-west-2 http:\/\/127\.0\.0\.1:/)
    world.memory.books.set(key, { version: 0 })
    await world.restart('restart', [{ endpoint }])
    world.lab.fail('*', 'access-denied')
    const failures = await world.discover()
    const said = JSON.stringify([[...world.memory.books], world.memory.log, failures, world.collector.status()])
    assert.match(said, /cannot be read/)
    assert.doesNotMatch(said, /hush|somebody/)
  })

  it('gives the name to one that was deleted and made anew', async () => {
    await using world = await World.open({ types: ['application', 'network'] })
    world.put('k8s-api', { type: 'application', dnsName: 'old.elb.test' })
    await world.discover()
    world.lab.remove('application', 'k8s-api')
    world.put('k8s-api', { type: 'network', dnsName: 'new.elb.test' })
    assert.deepEqual(await world.discover(), [])
    assert.deepEqual(await world.series('elb_info'), [
      '{load_balancer="k8s-api",dns_name="new.elb.test",scheme="internal",type="network",region="us-west-2"} 1',
    ])
  })

  it('shares one list between entries of one account', async () => {
    await using world = await World.open({ names: ['k8s-api'] }, { names: ['edge'], resolvers: ['127.0.0.1:53'] })
    world.put('k8s-api')
    world.put('edge')
    assert.deepEqual(await world.discover(), [])
    assert.equal(world.lab.calls('elb:DescribeLoadBalancers'), 1)
    assert.ok(world.dns.asked.includes('edge.elb.test A 127.0.0.1:53'))
    assert.ok(!world.dns.asked.includes('k8s-api.elb.test A 127.0.0.1:53'))
  })

  it('goes on with the other accounts where one fails', async () => {
    await using world = await World.open({}, { region: 'eu-west-1', endpoint: 'http://127.0.0.1:1' })
    world.put('k8s-api')
    const failures = await world.discover()
    assert.deepEqual(
      failures.map(({ reason }) => reason),
      ['network'],
    )
    assert.match(failures[0]?.message ?? '', /in eu-west-1: check DNS, routes and firewalls/)
    assert.equal((await world.series('elb_info')).length, 1)
  })

  it('counts requests to AWS by service, operation and code', async () => {
    await using world = await World.open({ tags, types: ['classic', 'network'] })
    world.put('k8s-api')
    world.put('edge', { type: 'network' })
    world.lab.fail('elbv2:DescribeTags', 'access-denied')
    await world.discover()
    assert.deepEqual(await world.series('aws_requests_total'), [
      '{service="elb",operation="DescribeInstanceHealth",code="OK"} 1',
      '{service="elb",operation="DescribeLoadBalancers",code="OK"} 1',
      '{service="elbv2",operation="DescribeLoadBalancers",code="OK"} 1',
      '{service="elbv2",operation="DescribeTags",code="AccessDenied"} 1',
    ])
  })
})
