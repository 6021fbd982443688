import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { runContext } from '../deps.ts'
import { World } from './world.ts'

describe('the collector of load balancers', () => {
  it('shows a load balancer whole after its first run, as text', async () => {
    await using world = await World.open({ interfaces: true })
    world.put('k8s-api', {
      scheme: 'internet-facing',
      instances: [
        { id: 'i-1', state: 'InService' },
        { id: 'i-2', state: 'OutOfService' },
        { id: 'i-3', state: 'InService' },
      ],
      interfaces: [
        { address: '10.0.0.1', zone: 'us-west-2a', publicAddress: '192.0.2.11' },
        { address: '10.0.0.2', zone: 'us-west-2b', publicAddress: '192.0.2.12' },
      ],
    })
    world.dns.set('k8s-api.elb.test', ['192.0.2.11'])
    assert.deepEqual(await world.discover(), [])
    assert.equal(await world.memory.store.render(), golden)
    assert.deepEqual(world.memory.changes, [])
  })

  it('shows a new load balancer without addresses as 0, and its first addresses as no change', async () => {
    await using world = await World.open()
    world.put('k8s-api')
    assert.deepEqual(await world.discover(), [])
    assert.deepEqual(await world.series('elb_addresses'), ['{load_balancer="k8s-api",source="dns"} 0'])
    world.dns.set('k8s-api.elb.test', ['10.0.0.1', '10.0.0.2'])
    await world.look()
    assert.deepEqual(await world.series('elb_addresses'), ['{load_balancer="k8s-api",source="dns"} 2'])
    assert.match((await world.series('elb_address_changes_total')).join(), /added"} 0,.*removed"} 0/)
    assert.deepEqual(world.memory.changes, [])
  })

  it('counts, dates and tells an address that left and one that came', async () => {
    await using world = await World.open()
    world.put('k8s-api')
    world.dns.set('k8s-api.elb.test', ['192.0.2.11', '192.0.2.12'])
    await world.discover()
    assert.deepEqual(await world.series('elb_address_last_change_timestamp_seconds'), [])
    world.dns.set('k8s-api.elb.test', ['192.0.2.12', '192.0.2.13'])
    assert.deepEqual(await world.look(), [])
    const seconds = world.clock.now() / 1_000
    assert.deepEqual(await world.series('elb_address_changes_total'), [
      '{load_balancer="k8s-api",change="added"} 1',
      '{load_balancer="k8s-api",change="removed"} 1',
    ])
    assert.deepEqual(await world.series('elb_address_last_change_timestamp_seconds'), [
      `{load_balancer="k8s-api",change="added"} ${seconds}`,
      `{load_balancer="k8s-api",change="removed"} ${seconds}`,
    ])
    assert.deepEqual(await world.series('elb_address_info'), [
      '{load_balancer="k8s-api",address="192.0.2.11",zone="",state="retired"} 1',
      '{load_balancer="k8s-api",address="192.0.2.12",zone="",state="active"} 1',
      '{load_balancer="k8s-api",address="192.0.2.13",zone="",state="active"} 1',
    ])
    assert.deepEqual(world.memory.changes, [
      {
        kind: 'elb_addresses',
        subject: 'k8s-api',
        message: 'load balancer k8s-api lost 192.0.2.11 and got 192.0.2.13: 2 addresses now',
        added: ['192.0.2.13'],
        removed: ['192.0.2.11'],
        before: ['192.0.2.11', '192.0.2.12'],
        after: ['192.0.2.12', '192.0.2.13'],
      },
    ])
    await world.look(3_600_000)
    assert.equal((await world.series('elb_address_info')).length, 2)
  })

  it('tells pending and dead addresses where it knows the network interfaces', async () => {
    await using world = await World.open({ interfaces: true })
    const [a, b, c] = ['10.0.0.1', '10.0.0.2', '10.0.0.3'].map((address) => ({ address, zone: 'us-west-2a' }))
    assert.ok(a && b && c)
    world.put('k8s-api', { interfaces: [a, b, c] })
    world.dns.set('k8s-api.elb.test', ['10.0.0.1', '10.0.0.2'])
    await world.discover()
    await world.look()
    const states = async () =>
      (await world.series('elb_address_info')).map((line) =>
        line.replace(/.*address="([^"]+)".*state="(\w+)".*/, '$1 $2'),
      )
    assert.deepEqual(await states(), ['10.0.0.1 active', '10.0.0.2 active', '10.0.0.3 pending'])
    assert.match((await world.series('elb_addresses')).join(), /source="eni"} 3/)
    world.dns.set('k8s-api.elb.test', ['10.0.0.2', '10.0.0.3'])
    await world.look()
    assert.deepEqual(await states(), ['10.0.0.1 retired', '10.0.0.2 active', '10.0.0.3 active'])
    world.put('k8s-api', { interfaces: [b, c] })
    await world.discover()
    await world.look()
    assert.deepEqual(await states(), ['10.0.0.1 dead', '10.0.0.2 active', '10.0.0.3 active'])
    assert.match(world.memory.changes[0]?.message ?? '', /lost 10.0.0.1 \(us-west-2a\) and got 10.0.0.3 \(us-west-2a\)/)
    world.lab.fail('ec2:DescribeNetworkInterfaces', 'access-denied')
    assert.equal((await world.discover())[0]?.reason, 'denied')
    for (let round = 0; round < 13; round += 1) await world.look(10_000)
    assert.deepEqual(await states(), ['10.0.0.1 retired', '10.0.0.2 active', '10.0.0.3 active'])
    assert.doesNotMatch((await world.series('elb_addresses')).join(), /eni/)
  })

  it('shows a pending address as soon as EC2 has told of it, but confirms no address that DNS has failed on', async () => {
    await using world = await World.open({ interfaces: true })
    world.put('k8s-api', { interfaces: [{ address: '10.0.0.1', zone: 'us-west-2a' }] })
    world.dns.set('k8s-api.elb.test', ['10.0.0.1'])
    await world.discover()
    const interfaces = [
      { address: '10.0.0.1', zone: 'us-west-2a' },
      { address: '10.0.0.2', zone: 'us-west-2b' },
    ]
    world.lab.change('classic', 'k8s-api', { interfaces })
    await world.discover()
    const pending = '{load_balancer="k8s-api",address="10.0.0.2",zone="us-west-2b",state="pending"} 1'
    assert.ok((await world.series('elb_address_info')).includes(pending))
    world.dns.set('k8s-api.elb.test', 'timeout')
    await world.look(1_000)
    for (let run = 0; run < 5; run++) {
      world.clock.advance(30_000)
      await world.discover()
    }
    assert.deepEqual(await world.series('elb_address_info'), [])
  })

  it('is failing while AWS hangs, and not only once the search for load balancers has ended', async () => {
    await using world = await World.open()
    world.put('k8s-api')
    world.dns.set('k8s-api.elb.test', ['10.0.0.1'])
    await world.discover()
    world.lab.fail('elb:DescribeLoadBalancers', 'hang')
    const ending = new AbortController()
    const task = world.collector.tasks.find(({ name }) => name === 'discovery')
    assert.ok(task?.kind === 'scheduled')
    const searching = task.run(runContext({ intervalMs: 30_000, signal: ending.signal }))
    assert.deepEqual(await world.look(30_000), [], 'an interval')
    const [late, ...rest] = await world.look()
    assert.deepEqual([late?.reason, rest], ['timeout', []])
    assert.match(
      late?.message ?? '',
      /^AWS us-west-2 .*: the search for load balancers has not ended after 35.0 s and goes on$/,
    )
    ending.abort()
    await searching
    assert.deepEqual(await world.look(), [])
  })

  it('shows the times of the last changes after a restart while DNS does not answer', async () => {
    await using world = await World.open()
    world.put('k8s-api')
    world.dns.set('k8s-api.elb.test', ['10.0.0.1', '10.0.0.2'])
    await world.discover()
    world.dns.set('k8s-api.elb.test', ['10.0.0.2'])
    await world.look()
    const times = await world.series('elb_address_last_change_timestamp_seconds')
    assert.equal(times.length, 1)
    await world.restart('restart')
    world.dns.set('k8s-api.elb.test', 'timeout')
    await world.look()
    assert.deepEqual(await world.series('elb_address_last_change_timestamp_seconds'), times)
    assert.deepEqual(await world.series('elb_addresses'), [])
  })

  it('asks all. + name too, and an address that only it shows is in service', async () => {
    await using world = await World.open({ resolvers: ['system', '127.0.0.1:53'] })
    world.put('k8s-api')
    world.dns.set('k8s-api.elb.test', ['192.0.2.1'])
    world.dns.set('all.k8s-api.elb.test', ['192.0.2.1', '192.0.2.2'], { resolver: '127.0.0.1:53' })
    await world.discover()
    assert.match((await world.series('elb_addresses')).join(), /source="dns"} 2/)
    world.dns.asked.length = 0
    await world.look()
    assert.deepEqual(world.dns.asked, [
      'k8s-api.elb.test A system',
      'k8s-api.elb.test A 127.0.0.1:53',
      'all.k8s-api.elb.test A 127.0.0.1:53',
    ])
    world.dns.asked.length = 0
    await world.look(600_000)
    assert.ok(world.dns.asked.includes('all.k8s-api.elb.test A system'), 'asked again after 10 minutes')
  })

  it('asks for IPv6 addresses of a dualstack load balancer', async () => {
    await using world = await World.open({ types: ['application'] })
    world.put('k8s-api', { type: 'application', ipAddressType: 'dualstack' })
    world.dns.set('k8s-api.elb.test', ['192.0.2.1'])
    world.dns.set('k8s-api.elb.test', ['2001:db8::1'], { type: 'AAAA' })
    await world.discover()
    assert.match((await world.series('elb_addresses')).join(), /source="dns"} 2/)
  })

  it('takes zones of a network load balancer from its own description', async () => {
    await using world = await World.open({ types: ['network'] })
    world.put('k8s-api', { type: 'network', zoneAddresses: [{ zone: 'us-west-2c', address: '10.0.0.9' }] })
    world.dns.set('k8s-api.elb.test', ['10.0.0.9'])
    await world.discover()
    assert.match((await world.series('elb_address_info')).join(), /address="10.0.0.9",zone="us-west-2c",state="active"/)
  })

  it('keeps its values through failed polls, says so, and withdraws them when they are too old', async () => {
    await using world = await World.open()
    world.put('k8s-api')
    world.dns.set('k8s-api.elb.test', ['192.0.2.1', '192.0.2.2'])
    await world.discover()
    world.dns.set('k8s-api.elb.test', ['192.0.2.1'])
    await world.look()
    world.dns.set('k8s-api.elb.test', 'timeout')
    world.dns.set('all.k8s-api.elb.test', 'timeout')
    assert.deepEqual(await world.look(), [
      { reason: 'timeout', message: 'k8s-api: no answer for k8s-api.elb.test from authoritative' },
    ])
    assert.match((await world.series('elb_addresses')).join(), /source="dns"} 1/)
    await world.look(120_000)
    assert.deepEqual(await world.series('elb_addresses'), [])
    assert.deepEqual(await world.series('elb_address_info'), [])
    assert.equal((await world.series('elb_address_last_change_timestamp_seconds')).length, 1)
    assert.equal((await world.series('elb_address_changes_total')).length, 2)
    assert.equal(world.memory.changes.length, 1)
  })

  it('learns nothing from a run that was broken off', async () => {
    await using world = await World.open()
    world.put('k8s-api')
    world.dns.set('k8s-api.elb.test', ['192.0.2.1'])
    await world.discover()
    world.dns.set('k8s-api.elb.test', 'hang')
    const task = world.collector.tasks[1]
    assert.ok(task?.kind === 'scheduled')
    const aborter = new AbortController()
    const run = task.run(runContext({ signal: aborter.signal }))
    aborter.abort()
    assert.deepEqual(await run, [])
  })

  it('shows in its status what it watches', async () => {
    await using world = await World.open()
    world.put('k8s-api')
    world.dns.set('k8s-api.elb.test', ['192.0.2.1', '192.0.2.2'])
    await world.discover()
    world.dns.set('k8s-api.elb.test', ['192.0.2.1'])
    await world.look()
    const at = new Date(world.clock.now()).toISOString()
    assert.deepEqual(JSON.parse(JSON.stringify(world.collector.status())), {
      load_balancers: [
        {
          load_balancer: 'k8s-api',
          dns_name: 'k8s-api.elb.test',
          type: 'classic',
          scheme: 'internal',
          region: 'us-west-2',
          resolvers: ['authoritative'],
          active: [{ address: '192.0.2.1', zone: '' }],
          pending: [],
          retired: [{ address: '192.0.2.2', zone: '', since: at }],
          dead: [],
          last_added: null,
          last_removed: at,
          asked: at,
          failures: [],
        },
      ],
    })
  })
})

const golden = `# HELP elbchurn_elb_addresses Addresses in service: in the DNS answers of the load balancer (dns), or on its network interfaces (eni).
# TYPE elbchurn_elb_addresses gauge
elbchurn_elb_addresses{cluster="test",load_balancer="k8s-api",source="eni"} 2
elbchurn_elb_addresses{cluster="test",load_balancer="k8s-api",source="dns"} 1

# HELP elbchurn_elb_address_info 1 for each address in sight: pending (has an interface, not in DNS yet), active (in DNS), retired (left DNS within the retention), dead (retired, and its interface is deleted).
# TYPE elbchurn_elb_address_info gauge
elbchurn_elb_address_info{cluster="test",load_balancer="k8s-api",address="192.0.2.11",zone="us-west-2a",state="active"} 1
elbchurn_elb_address_info{cluster="test",load_balancer="k8s-api",address="192.0.2.12",zone="us-west-2b",state="pending"} 1

# HELP elbchurn_elb_address_changes_total Addresses that came into the DNS answers of the load balancer or left them.
# TYPE elbchurn_elb_address_changes_total counter
elbchurn_elb_address_changes_total{cluster="test",load_balancer="k8s-api",change="added"} 0
elbchurn_elb_address_changes_total{cluster="test",load_balancer="k8s-api",change="removed"} 0

# HELP elbchurn_elb_address_last_change_timestamp_seconds When an address last came or left. Survives a restart; absent until the first change.
# TYPE elbchurn_elb_address_last_change_timestamp_seconds gauge

# HELP elbchurn_elb_info 1 for each load balancer that AWS lists and the config asks for. Where load balancers may share a name, the first by config entry, type and id has it, and the others are called \`name (type region)\`.
# TYPE elbchurn_elb_info gauge
elbchurn_elb_info{cluster="test",load_balancer="k8s-api",dns_name="k8s-api.elb.test",scheme="internet-facing",type="classic",region="us-west-2"} 1

# HELP elbchurn_elb_instances Instances registered with a classic load balancer by the state that its health check gives them.
# TYPE elbchurn_elb_instances gauge
elbchurn_elb_instances{cluster="test",load_balancer="k8s-api",state="InService"} 2
elbchurn_elb_instances{cluster="test",load_balancer="k8s-api",state="OutOfService"} 1
elbchurn_elb_instances{cluster="test",load_balancer="k8s-api",state="Unknown"} 0

# HELP elbchurn_aws_requests_total HTTP requests to AWS with retries, as AWS counts them for its limits, by the error code of the answer.
# TYPE elbchurn_aws_requests_total counter
elbchurn_aws_requests_total{cluster="test",service="elb",operation="DescribeLoadBalancers",code="OK"} 1
elbchurn_aws_requests_total{cluster="test",service="ec2",operation="DescribeNetworkInterfaces",code="OK"} 1
elbchurn_aws_requests_total{cluster="test",service="elb",operation="DescribeInstanceHealth",code="OK"} 1
`
