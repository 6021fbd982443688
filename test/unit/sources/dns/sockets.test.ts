import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { systemClock } from '../../../../exporter/service/clock.ts'
import { serverAddress } from '../../../../exporter/sources/dns/server-address.ts'
import { UdpSockets } from '../../../../exporter/sources/dns/sockets.ts'
import { encodeQuestion } from '../../../../exporter/sources/dns/wire.ts'
import type { LabDns } from '../../../lab/dns-server.ts'
import { until } from '../../../until.ts'
import { clientOf, host, lab, shortTimeoutMs } from './client-fixture.ts'

const options = {
  clock: systemClock,
  timeoutMs: 2_000,
  socketsPerServer: 2,
  queriesPerSocket: 100,
  socketAgeMs: 30_000,
}
const asked = encodeQuestion({ hostname: host, type: 'A' }, { recursionDesired: true, edns: true })

test('Beyond the bound of servers the longest unused gives up its sockets, and what it is asked still comes', async (t) => {
  const first = await lab(t)
  const second = await lab(t)
  for (const server of [first, second]) server.set(host, 'A', ['10.0.0.1'])
  const sockets = new UdpSockets({ ...options, maxServers: 1 })
  t.after(() => sockets.close())
  const { signal } = new AbortController()
  first.behave(host, { delayMs: 50 })
  const ask = async ({ port }: { port: number }) => {
    const server = serverAddress('127.0.0.1', port)
    assert.ok(server)
    return await sockets.ask(server, asked, { signal })
  }
  const slow = ask(first)
  await until('the slow query', () => first.count() > 0)
  assert.ok((await ask(second)).ok)
  assert.ok((await slow).ok)
  assert.ok((await ask(first)).ok)
  const ports = new Set(first.queries.map(({ sourcePort }) => sourcePort))
  assert.equal(ports.size, 2)
})

test('Closing ends what is in flight', async (t) => {
  const dns = await lab(t)
  dns.behave(host, { dropFirst: Infinity })
  const sockets = new UdpSockets({ ...options, maxServers: 1 })
  const server = serverAddress('127.0.0.1', dns.port)
  assert.ok(server)
  const result = sockets.ask(server, asked, { signal: new AbortController().signal })
  await until('the query', () => dns.count() > 0)
  sockets.close()
  const { ok } = await result
  assert.equal(ok, false)
})

/** One query after the other to one server, and the ports they came from. */
async function portsOf(
  t: TestContext,
  sockets: UdpSockets,
  dns: Pick<LabDns, 'port' | 'queries'>,
  rounds: number,
): Promise<Set<number>> {
  t.after(() => sockets.close())
  const server = serverAddress('127.0.0.1', dns.port)
  assert.ok(server)
  const before = dns.queries.length
  for (let round = 0; round < rounds; round++) {
    await sockets.ask(server, asked, { signal: new AbortController().signal })
  }
  return new Set(dns.queries.slice(before).map(({ sourcePort }) => sourcePort))
}

test('After a time-out none of the sockets of its age is used again', async (t) => {
  const dns = await lab(t)
  const sockets = new UdpSockets({ ...options, timeoutMs: shortTimeoutMs, socketsPerServer: 3, maxServers: 1 })
  const before = await portsOf(t, sockets, dns, 20)
  assert.equal(before.size, 3)
  dns.behave(host, { dropFirst: 1 })
  const [lost] = await portsOf(t, sockets, dns, 1)
  assert.ok(before.has(lost ?? 0))
  const after = await portsOf(t, sockets, dns, 20)
  assert.deepEqual(
    [...after].filter((port) => before.has(port)),
    [],
  )
})

test('After an error of the network none of the sockets of its age is used again', async (t) => {
  const dns = await lab(t)
  const { port } = dns
  const sockets = new UdpSockets({ ...options, socketsPerServer: 3, maxServers: 1 })
  const before = await portsOf(t, sockets, dns, 20)
  assert.equal(before.size, 3)
  await dns.close()
  await portsOf(t, sockets, { port, queries: dns.queries }, 1)
  const again = await lab(t, { port })
  const after = await portsOf(t, sockets, again, 20)
  assert.deepEqual(
    [...after].filter((known) => before.has(known)),
    [],
  )
})

test('After an error of the network the query goes on by a new socket', async (t) => {
  const dns = await lab(t)
  dns.set(host, 'A', ['10.0.0.1'])
  const { port, address } = dns
  const { failure, traces, records } = clientOf(t, { timeoutMs: 60_000, socketsPerServer: 1 })
  await records(address)
  await dns.close()
  assert.match((await failure(address)).message, /ECONNREFUSED/)
  // A socket that worked before may know a path that is gone; the second packet is of one that does not.
  assert.deepEqual(
    traces.map(({ result }) => result),
    ['NOERROR', 'network', 'network'],
  )
  const again = await lab(t, { port })
  again.set(host, 'A', ['10.0.0.2'])
  assert.deepEqual(await records(address), ['10.0.0.2'])
})

test('A socket is replaced when it is old', async (t) => {
  const dns = await lab(t)
  let aheadMs = 0
  const clock = { ...systemClock, monotonic: () => systemClock.monotonic() + aheadMs }
  const sockets = new UdpSockets({ ...options, clock, maxServers: 1 })
  const before = await portsOf(t, sockets, dns, 10)
  aheadMs = 15_000
  assert.deepEqual(await portsOf(t, sockets, dns, 10), before)
  aheadMs = 30_001
  const after = await portsOf(t, sockets, dns, 10)
  assert.deepEqual(
    [...after].filter((port) => before.has(port)),
    [],
  )
})
