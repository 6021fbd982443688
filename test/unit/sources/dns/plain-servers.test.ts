import assert from 'node:assert/strict'
import { test } from 'node:test'
import { systemClock } from '../../../../exporter/service/clock.ts'
import { PlainServers } from '../../../../exporter/sources/dns/plain-servers.ts'
import { clientOf, host, lab } from './client-fixture.ts'

for (const rcode of ['FORMERR', 'NOTIMP'] as const) {
  for (const headerOnly of [false, true]) {
    const shape = headerOnly ? 'a header alone' : 'the question'
    test(`A server that says ${rcode} with ${shape} to EDNS is asked without it, and that is remembered`, async (t) => {
      const dns = await lab(t)
      dns.set(host, 'A', ['10.0.0.1'])
      dns.behave('*', { noEdns: { rcode, headerOnly } })
      const { records, traces } = clientOf(t)
      assert.deepEqual(await records(dns.address), ['10.0.0.1'])
      assert.deepEqual(await records(dns.address), ['10.0.0.1'])
      assert.deepEqual(
        traces.map(({ result }) => result),
        [rcode, 'NOERROR', 'NOERROR'],
      )
      assert.deepEqual(
        dns.queries.map(({ udpPayloadSize }) => udpPayloadSize),
        [1232, undefined, undefined],
      )
    })
  }
}

test('A server that refuses the query without EDNS as well is asked with it the next time', async (t) => {
  const dns = await lab(t)
  dns.behave('*', { noEdns: { rcode: 'FORMERR' }, rcode: 'FORMERR' })
  const { failure } = clientOf(t)
  assert.match((await failure(dns.address)).message, /answered FORMERR/)
  await failure(dns.address)
  assert.deepEqual(
    dns.queries.map(({ udpPayloadSize }) => udpPayloadSize),
    [1232, undefined, 1232, undefined],
  )
})

test('A server that knows EDNS and cannot read the query is not asked without it', async (t) => {
  const dns = await lab(t)
  dns.behave('*', { rcode: 'NOTIMP' })
  await clientOf(t).failure(dns.address)
  assert.equal(dns.count(), 1)
})

test('Servers without EDNS are forgotten after a while, and the oldest beyond 256', () => {
  let now = 0
  const servers = new PlainServers({ ...systemClock, monotonic: () => now })
  for (let index = 0; index < 257; index++) servers.add(`10.0.${index >> 8}.${index & 255}:53`)
  assert.ok(!servers.has('10.0.0.0:53'))
  assert.ok(servers.has('10.0.0.1:53') && servers.has('10.0.1.0:53'))
  now = 15 * 60_000
  assert.ok(!servers.has('10.0.1.0:53'))
})

test('A response code that stands in OPT is a failure and no empty answer', async (t) => {
  const dns = await lab(t)
  dns.set(host, 'A', ['10.0.0.1'])
  dns.behave('*', { upperRcode: 1 })
  const { failure, traces } = clientOf(t)
  const { reason, message } = await failure(dns.address)
  assert.equal(reason, 'server')
  assert.match(message, /answered BADVERS/)
  dns.behave('*', { upperRcode: 200 })
  await failure(dns.address)
  assert.deepEqual(
    traces.map(({ result }) => result),
    ['BADVERS', 'UNASSIGNED'],
  )
})
