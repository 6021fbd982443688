import assert from 'node:assert/strict'
import { test } from 'node:test'
import { systemClock } from '../../../../exporter/service/clock.ts'
import { serverAddress } from '../../../../exporter/sources/dns/server-address.ts'
import { UdpSockets } from '../../../../exporter/sources/dns/sockets.ts'
import { encodeQuestion } from '../../../../exporter/sources/dns/wire.ts'
import { host, lab } from './client-fixture.ts'

const options = { clock: systemClock, timeoutMs: 2_000, socketsPerServer: 2, queriesPerSocket: 100 }
const asked = encodeQuestion({ hostname: host, type: 'A' }, true)

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
  while (first.count() === 0) await systemClock.sleep(1)
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
  while (dns.count() === 0) await systemClock.sleep(1)
  sockets.close()
  const { ok } = await result
  assert.equal(ok, false)
})
