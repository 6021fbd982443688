import assert from 'node:assert/strict'
import { once } from 'node:events'
import { appendFile, writeFile } from 'node:fs/promises'
import { type TestContext, test } from 'node:test'
import { failed } from '../../../../exporter/core/poll.ts'
import { systemClock } from '../../../../exporter/service/clock.ts'
import type { DnsClient } from '../../../../exporter/sources/dns/client.ts'
import { hostAddresses } from '../../../../exporter/sources/dns/host-addresses.ts'
import { addressesInHosts } from '../../../../exporter/sources/dns/hosts-file.ts'
import { until } from '../../../until.ts'
import { clientOf, host, lab, resolvConf, shortTimeoutMs } from './client-fixture.ts'

async function world(t: TestContext, { hosts = '', search = '', timeoutMs = shortTimeoutMs } = {}) {
  const dns = await lab(t)
  const resolvConfPath = await resolvConf(t, dns.host)
  if (search !== '') await appendFile(resolvConfPath, search)
  const hostsPath = `${resolvConfPath}.hosts`
  await writeFile(hostsPath, hosts)
  const { client } = clientOf(t, { resolvConfPath, systemPort: dns.port, timeoutMs })
  const signal = new AbortController().signal
  const find = hostAddresses({ dns: client, clock: systemClock, hostsPath, random: () => 0 })
  return { dns, find: (name: string) => find(name, signal), client, hostsPath }
}

test('A hosts file names several hosts in a line, in any case, and comments count for nothing', () => {
  const text = '127.0.0.1\tlocalhost\n10.0.0.1  API.test api # old.test\n#10.0.0.2 api\nfd00::1 api\nnonsense api\n'
  assert.deepEqual(addressesInHosts(text, 'api'), ['10.0.0.1', 'fd00::1'])
  assert.deepEqual(addressesInHosts(text, 'Api.Test'), ['10.0.0.1'])
  assert.deepEqual(addressesInHosts(text, 'old.test'), [])
})

test('The hosts file wins over DNS, and localhost and addresses are never asked', async (t) => {
  const { dns, find } = await world(t, { hosts: `10.9.9.9 ${host}\n` })
  dns.set(host, 'A', ['10.0.0.1'])
  assert.deepEqual(await find(host), ['10.9.9.9'])
  assert.deepEqual(await find('LOCALHOST'), ['127.0.0.1', '::1'])
  assert.deepEqual(await find('fd00::7'), ['fd00::7'])
  assert.equal(dns.count(), 0)
})

test('Both kinds of address are found, IPv4 first, and each call asks anew', async (t) => {
  const { dns, find } = await world(t)
  dns.set(host, 'A', ['10.0.0.1'])
  dns.set(host, 'AAAA', ['fd00::1'])
  assert.deepEqual(await find(host), ['10.0.0.1', 'fd00::1'])
  dns.set(host, 'A', ['10.0.0.2'])
  assert.deepEqual(await find(`${host}.`), ['10.0.0.2', 'fd00::1'])
})

test('Addresses are dialled in an order by chance, since those of an answer are sorted', async (t) => {
  const { dns, client, hostsPath } = await world(t)
  dns.set(host, 'A', ['10.0.0.1', '10.0.0.2', '10.0.0.3'])
  const chances = [0.9, 0.1, 0.5]
  const find = hostAddresses({ dns: client, clock: systemClock, hostsPath, random: () => chances.shift() ?? 0 })
  assert.deepEqual(await find(host, new AbortController().signal), ['10.0.0.2', '10.0.0.3', '10.0.0.1'])
})

test('A kind of address that nobody answers about does not hold up the other', async (t) => {
  const { dns, client, hostsPath } = await world(t)
  dns.set(host, 'A', ['10.0.0.1'])
  dns.set(host, 'AAAA', ['fd00::1'])
  for (const [silent, answered] of [
    ['AAAA', '10.0.0.1'],
    ['A', 'fd00::1'],
  ] as const) {
    let ended = false
    const halfDeaf: DnsClient = {
      ...client,
      namesFor: async (name) => [name],
      resolve: async (question, resolver, options) => {
        if (question.type !== silent) return await client.resolve(question, resolver, options)
        await once(options.signal, 'abort')
        ended = true
        return failed(0, 'timeout', 'given up')
      },
    }
    const find = hostAddresses({ dns: halfDeaf, clock: systemClock, hostsPath })
    assert.deepEqual(await find(host, new AbortController().signal), [answered])
    await until('nothing is left waiting', () => ended)
  }
})

test('The search list is tried in turn, past a SERVFAIL too', async (t) => {
  const { dns, find } = await world(t, { search: 'search prod.svc.test svc.test test\noptions ndots:5\n' })
  dns.set('kubernetes.default.svc.test', 'A', ['10.0.0.1'])
  dns.behave('kubernetes.default.svc.prod.svc.test', { rcode: 'SERVFAIL' })
  assert.deepEqual(await find('kubernetes.default.svc'), ['10.0.0.1'])
})

test('A name that is not there, and one that nobody answers about, are told apart', async (t) => {
  const { dns, find } = await world(t)
  await assert.rejects(find('nowhere.test'), { code: 'ENOTFOUND', message: /nowhere\.test/ })
  dns.behave('dead.test', { dropFirst: Number.POSITIVE_INFINITY })
  await assert.rejects(find('dead.test'), { code: 'ETIMEDOUT', message: /dead\.test/ })
  dns.behave('broken.test', { rcode: 'SERVFAIL' })
  await assert.rejects(find('broken.test'), { code: 'EAI_AGAIN', message: /SERVFAIL/ })
})

test('A search ends where nobody answers, instead of finding another host', async (t) => {
  const { dns, find } = await world(t, { search: 'search corp.test\n' })
  dns.behave(host, { dropFirst: Number.POSITIVE_INFINITY })
  dns.set(`${host}.corp.test`, 'A', ['10.6.6.6'])
  await assert.rejects(find(host), { code: 'ETIMEDOUT' })
})

test('A lookup ends with its signal', async (t) => {
  const { dns, client, hostsPath } = await world(t, { timeoutMs: 60_000 })
  dns.behave(host, { dropFirst: Number.POSITIVE_INFINITY })
  const abort = new AbortController()
  const found = hostAddresses({ dns: client, clock: systemClock, hostsPath })(host, abort.signal)
  const startedAt = performance.now()
  setTimeout(() => abort.abort(), 10)
  await assert.rejects(found)
  assert.ok(performance.now() - startedAt < 5_000)
})
