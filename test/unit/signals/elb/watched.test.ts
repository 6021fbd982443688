import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { DnsClient } from '../../../../exporter/sources/dns/client.ts'
import { noDns } from '../deps.ts'
import { StubDns } from './stub-dns.ts'
import { World } from './world.ts'

describe('a watched load balancer', () => {
  it('is asked for as if nothing were known once it was made anew under its name', async () => {
    await using world = await World.open()
    world.put('k8s-api', { dnsName: 'old.elb.test' })
    world.dns.set('old.elb.test', ['192.0.2.1'])
    await world.discover()
    assert.ok(world.dns.asked.includes('all.old.elb.test A authoritative'), 'which does not exist')
    world.put('k8s-api', { dnsName: 'new.elb.test' })
    world.dns.set('new.elb.test', ['192.0.2.1'])
    world.dns.set('all.new.elb.test', ['192.0.2.1', '192.0.2.2'])
    assert.deepEqual(await world.discover(), [])
    await world.look()
    assert.ok(world.dns.asked.includes('all.new.elb.test A authoritative'))
    assert.match((await world.series('elb_addresses')).join(), /source="dns"} 2/)
  })

  it('is not undone by an answer for one that is gone, which was on its way', async () => {
    let gate = Promise.resolve()
    await using world = await World.openWith({
      client: (clock) => {
        const dns = new StubDns(() => clock.now())
        dns.set('k8s-api.elb.test', ['192.0.2.1'])
        const resolve: DnsClient['resolve'] = async (...asked) => {
          await gate
          return await dns.resolve(...asked)
        }
        return { ...noDns, resolve }
      },
    })
    world.put('k8s-api')
    await world.discover()
    assert.equal(world.memory.books.size, 1)
    const held = Promise.withResolvers<void>()
    gate = held.promise
    const late = world.look()
    world.lab.remove('classic', 'k8s-api')
    await world.discover()
    assert.equal(world.memory.books.size, 0)
    held.resolve()
    assert.deepEqual(await late, [])
    assert.equal(world.memory.books.size, 0)
    const lines = await world.metrics()
    assert.deepEqual(
      lines.filter((line) => line.includes('k8s-api')),
      [],
    )
    assert.equal(world.memory.changes.length, 1)
  })
})
