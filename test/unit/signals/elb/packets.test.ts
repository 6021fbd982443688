import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createDnsClient } from '../../../../exporter/sources/dns/create-client.ts'
import { LabDns } from '../../../lab/dns-server.ts'
import { World } from './world.ts'

const name = 'k8s-api.elb.test'

function addresses(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `192.0.2.${index + 1}`)
}

async function openWith(dns: LabDns): Promise<World> {
  const world = await World.openWith({ client: (clock) => createDnsClient({ clock }) }, { resolvers: [dns.address] })
  world.put('k8s-api')
  return world
}

describe('load balancers over real packets of DNS', () => {
  it('with more than 8 addresses stay whole by all. + name, and while that fails, and lose one within 3 looks', async (context) => {
    const dns = await LabDns.start()
    context.after(() => dns.close())
    const all = `all.${name}`
    dns.set(name, 'A', addresses(20), { rotate: true, limit: 8 })
    dns.set(all, 'A', addresses(20), { rotate: true })
    await using world = await openWith(dns)
    assert.deepEqual(await world.discover(), [])
    for (let round = 0; round < 4; round += 1) assert.deepEqual(await world.look(), [])
    dns.behave(all, { rcode: 'SERVFAIL' })
    for (let round = 0; round < 6; round += 1) assert.deepEqual(await world.look(), [])
    assert.match((await world.series('elb_addresses')).join(), /source="dns"} 20/)
    assert.deepEqual(world.memory.changes, [])
    dns.behave(all, {})
    dns.set(name, 'A', addresses(20).slice(1), { rotate: true, limit: 8 })
    dns.set(all, 'A', addresses(20).slice(1))
    for (let round = 0; round < 3; round += 1) await world.look()
    assert.deepEqual(
      world.memory.changes.map(({ removed }) => removed),
      [['192.0.2.1']],
    )
  })

  it('without all. + name are put together from rotating answers, without a change', async (context) => {
    const dns = await LabDns.start()
    context.after(() => dns.close())
    dns.set(name, 'A', addresses(20), { rotate: true, limit: 8 })
    await using world = await openWith(dns)
    assert.deepEqual(await world.discover(), [])
    for (let round = 0; round < 8; round += 1) assert.deepEqual(await world.look(), [])
    assert.match((await world.series('elb_addresses')).join(), /source="dns"} 20/)
    assert.deepEqual(world.memory.changes, [])
  })

  it('with fewer lose an address at the first answer without it', async (context) => {
    const dns = await LabDns.start()
    context.after(() => dns.close())
    dns.set(name, 'A', addresses(4), { rotate: true })
    dns.set(`all.${name}`, 'A', addresses(4), { rotate: true })
    await using world = await openWith(dns)
    assert.deepEqual(await world.discover(), [])
    await world.look()
    dns.set(name, 'A', addresses(3))
    dns.set(`all.${name}`, 'A', addresses(3))
    await world.look()
    assert.deepEqual(
      world.memory.changes.map(({ removed }) => removed),
      [['192.0.2.4']],
    )
    dns.behave('*', { rcode: 'SERVFAIL' })
    assert.equal((await world.look())[0]?.reason, 'server')
    assert.match((await world.series('elb_addresses')).join(), /source="dns"} 3/)
  })

  it('with fewer lose an address at the first answer without it, though all. + name is refused', async (context) => {
    const dns = await LabDns.start()
    context.after(() => dns.close())
    dns.set(name, 'A', addresses(4), { rotate: true })
    dns.set(`all.${name}`, 'A', addresses(4))
    await using world = await openWith(dns)
    await world.discover()
    dns.behave(`all.${name}`, { rcode: 'REFUSED' })
    for (let round = 0; round < 4; round += 1) assert.deepEqual(await world.look(), [])
    assert.deepEqual(world.memory.changes, [])
    dns.set(name, 'A', addresses(3))
    await world.look()
    assert.deepEqual(
      world.memory.changes.map(({ removed }) => removed),
      [['192.0.2.4']],
    )
  })
})
