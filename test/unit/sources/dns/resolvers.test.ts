import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { type TestContext, test } from 'node:test'
import { systemClock } from '../../../../exporter/service/clock.ts'
import { LabRecords } from '../../../lab/dns-records.ts'
import type { LabDns } from '../../../lab/dns-server.ts'
import { until } from '../../../until.ts'
import { clientOf, host, lab, resolvConf, shortTimeoutMs } from './client-fixture.ts'

test('system asks the nameservers in order, the next one after a failure, and not before', async (t) => {
  const first = await lab(t, { host: '127.0.0.1' })
  const second = await lab(t, { host: '127.0.0.2', port: first.port })
  first.set(host, 'A', ['10.0.0.1'])
  second.set(host, 'A', ['10.0.0.2'])
  const resolvConfPath = await resolvConf(t, '127.0.0.1', '127.0.0.2')
  const { records } = clientOf(t, { resolvConfPath, systemPort: first.port, timeoutMs: shortTimeoutMs })
  assert.deepEqual(await records('system'), ['10.0.0.1'])
  assert.equal(second.count(), 0)
  for (const behaviour of [{ rcode: 'SERVFAIL' }, { rcode: 'REFUSED' }, { dropFirst: 1 }] as const) {
    first.behave(host, behaviour)
    assert.deepEqual(await records('system'), ['10.0.0.2'])
  }
  first.behave(host, {})
  assert.deepEqual(await records('system'), ['10.0.0.1'])
})

test('system comes back to the first nameserver when the others fail, and tells the first failure', async (t) => {
  const first = await lab(t, { host: '127.0.0.1' })
  const second = await lab(t, { host: '127.0.0.2', port: first.port })
  first.set(host, 'A', ['10.0.0.1'])
  first.behave(host, { dropFirst: 1 })
  second.behave(host, { rcode: 'SERVFAIL' })
  const resolvConfPath = await resolvConf(t, '127.0.0.1', '127.0.0.2')
  const { records, failure } = clientOf(t, { resolvConfPath, systemPort: first.port, timeoutMs: shortTimeoutMs })
  assert.deepEqual(await records('system'), ['10.0.0.1'])
  first.behave(host, { rcode: 'REFUSED' })
  assert.equal((await failure('system')).reason, 'denied')
})

test('system follows resolv.conf when it changes', async (t) => {
  const first = await lab(t, { host: '127.0.0.1' })
  const second = await lab(t, { host: '127.0.0.2', port: first.port })
  first.set(host, 'A', ['10.0.0.1'])
  second.set(host, 'A', ['10.0.0.2'])
  const path = await resolvConf(t, '127.0.0.1')
  let aheadMs = 0
  const clock = { ...systemClock, monotonic: () => systemClock.monotonic() + aheadMs }
  const { records } = clientOf(t, { resolvConfPath: path, systemPort: first.port, clock })
  assert.deepEqual(await records('system'), ['10.0.0.1'])
  await writeFile(path, 'nameserver 127.0.0.2\n')
  assert.deepEqual(await records('system'), ['10.0.0.1'])
  aheadMs = 1_001
  assert.deepEqual(await records('system'), ['10.0.0.2'])
})

const lb = 'k8s-api.us-west-2.elb.example.net'

/** A recursive resolver and two servers for each of example.com and elb.example.net, all on one set of records. */
async function internet(t: TestContext) {
  const all = new LabRecords()
  const com = new LabRecords()
  const net = new LabRecords()
  const recursor = await lab(t, { records: all })
  const { port } = recursor
  const zone = (name: string, bound: string, records: LabRecords) =>
    lab(t, { host: bound, port, zones: [name], records })
  const com1 = await zone('example.com', '127.0.0.11', com)
  const com2 = await zone('example.com', '127.0.0.12', com)
  const net1 = await zone('elb.example.net', '127.0.0.13', net)
  for (const records of [all, com]) {
    records.set('example.com', 'NS', ['ns1.example.com', 'ns2.example.com'])
    records.set(host, 'CNAME', [lb], { ttl: 300 })
    records.setSoa('example.com')
  }
  for (const records of [all, net]) {
    records.set('elb.example.net', 'NS', ['ns.elb.example.net'])
    records.set(lb, 'A', ['10.0.0.1', '10.0.0.2'])
    records.setSoa('elb.example.net')
  }
  all.set('ns1.example.com', 'A', ['127.0.0.11'])
  all.set('ns2.example.com', 'A', ['127.0.0.12'])
  all.set('ns.elb.example.net', 'A', ['127.0.0.13'])
  const resolvConfPath = await resolvConf(t, '127.0.0.1')
  const options = { resolvConfPath, systemPort: port, authoritativePort: port, timeoutMs: shortTimeoutMs }
  return { all, com, net, recursor, com1, com2, net1, options }
}

function asked(...servers: LabDns[]): number[] {
  return servers.map((server) => server.count({ type: 'A' }))
}

test('authoritative asks the servers of the zone, without recursion, and follows a CNAME into the next zone', async (t) => {
  const { recursor, com1, com2, net1, net, options } = await internet(t)
  const { resolve, traces } = clientOf(t, options)
  const poll = await resolve('authoritative')
  assert.ok(poll.ok, poll.ok ? '' : poll.failure.message)
  assert.deepEqual(poll.snapshot.records, ['10.0.0.1', '10.0.0.2'])
  const own = traces
    .filter(({ helper }) => helper !== true)
    .map(({ question }) => `${question.hostname} ${question.type}`)
  assert.deepEqual(own, [`${host} A`, `${lb} A`])
  assert.ok(traces.length > own.length, 'those that find the servers are told too')
  assert.deepEqual(poll.snapshot.chain, [lb])
  assert.equal(poll.snapshot.server, net1.address)
  assert.ok([...com1.queries, ...net1.queries].every((query) => !query.recursionDesired))
  assert.deepEqual(asked(com1, com2, net1), [1, 0, 1])
  assert.equal(recursor.count({ name: host, type: 'A' }), 0)
  net.set(lb, 'A', ['10.0.0.3'])
  const lookups = recursor.count()
  const next = await resolve('authoritative')
  assert.deepEqual(next.ok && next.snapshot.records, ['10.0.0.3'])
  assert.equal(recursor.count(), lookups)
})

test('Many names of one zone cost one search for its servers', async (t) => {
  const { com, recursor, options } = await internet(t)
  const names = Array.from({ length: 50 }, (_, index) => `h${index}.example.com`)
  for (const name of names) com.set(name, 'A', ['10.0.0.1'])
  const { records } = clientOf(t, options)
  for (const got of await Promise.all(names.map((name) => records('authoritative', name)))) {
    assert.deepEqual(got, ['10.0.0.1'])
  }
  assert.equal(recursor.count({ name: 'example.com', type: 'NS' }), 1)
  assert.equal(recursor.count({ name: 'ns1.example.com' }), 2)
})

test('The server that answered last stays the one that is asked, so one that lags makes no flapping', async (t) => {
  const { com1, com2, options } = await internet(t)
  const { records } = clientOf(t, options)
  await records('authoritative')
  com1.behave(host, { dropFirst: Infinity })
  await records('authoritative')
  com1.behave(host, {})
  const before = asked(com1)
  await records('authoritative')
  assert.deepEqual(asked(com1), before)
  assert.deepEqual(asked(com2), [2])
})

test('One lost packet does not change the server that is asked', async (t) => {
  const { com1, com2, options } = await internet(t)
  com1.behave(host, { dropFirst: 1 })
  await clientOf(t, options).records('authoritative')
  assert.deepEqual(asked(com1, com2), [2, 0])
})

test('A server without authority is passed over, and where all are lame the message says so', async (t) => {
  const { com1, com2, options } = await internet(t)
  com1.behave(host, { authoritative: false })
  const { records, failure } = clientOf(t, options)
  assert.deepEqual(await records('authoritative'), ['10.0.0.1', '10.0.0.2'])
  com2.behave(host, { rcode: 'REFUSED' })
  const { reason, message } = await failure('authoritative')
  assert.equal(reason, 'denied')
  assert.match(message, /zone example\.com: 127\.0\.0\.12:\d+ answered REFUSED/)
})

test('Where no server of a zone marks its answers as authoritative, records of its own are taken', async (t) => {
  const { com1, com2, net1, options } = await internet(t)
  for (const server of [com1, com2, net1]) server.behave('*', { authoritative: false })
  const { records, failure } = clientOf(t, options)
  assert.deepEqual(await records('authoritative'), ['10.0.0.1', '10.0.0.2'])
  assert.match((await failure('authoritative', 'gone.example.com')).message, /lame server/)
})

test('Once a server of the zone answered with authority, no other answer is taken', async (t) => {
  const { com1, com2, options } = await internet(t)
  const { records, failure } = clientOf(t, options)
  await records('authoritative')
  for (const server of [com1, com2]) server.behave('*', { authoritative: false })
  assert.match((await failure('authoritative')).message, /lame server/)
})

test('A resolver in the place of a zone server is lame, whatever it holds', async (t) => {
  const { recursor, all, options } = await internet(t)
  all.set('ns1.example.com', 'A', [recursor.host])
  all.set('ns2.example.com', 'A', [recursor.host])
  assert.match((await clientOf(t, options).failure('authoritative')).message, /lame server/)
})

test('A zone whose servers moved is found again, though not before 5 s', async (t) => {
  const { all, com, com1, com2, recursor, options } = await internet(t)
  let aheadMs = 0
  const clock = { ...systemClock, monotonic: () => systemClock.monotonic() + aheadMs }
  const { records, failure } = clientOf(t, { ...options, clock })
  await records('authoritative')
  await com1.close()
  await com2.close()
  const moved = await lab(t, { host: '127.0.0.14', port: recursor.port, zones: ['example.com'], records: com })
  all.set('ns1.example.com', 'A', [moved.host])
  assert.equal((await failure('authoritative')).reason, 'network')
  aheadMs = 5_001
  assert.deepEqual(await records('authoritative'), ['10.0.0.1', '10.0.0.2'])
})

test('Known servers go on being asked while the system resolver fails', async (t) => {
  const { recursor, options } = await internet(t)
  let aheadMs = 0
  const clock = { ...systemClock, monotonic: () => systemClock.monotonic() + aheadMs }
  const { records, failure } = clientOf(t, { ...options, clock })
  await records('authoritative')
  recursor.behave('*', { dropFirst: Infinity })
  aheadMs = 61_000
  assert.deepEqual(await records('authoritative'), ['10.0.0.1', '10.0.0.2'])
  const other = await failure('authoritative', 'www.example.org')
  assert.equal(other.reason, 'timeout')
  assert.match(other.message, /cannot find its zone/)
})

test('A zone that the system resolver does not know is told as not found', async (t) => {
  const { recursor, options } = await internet(t)
  const { failure } = clientOf(t, options)
  assert.equal((await failure('authoritative', 'www.example.org')).reason, 'not_found')
  recursor.set('example.org', 'NS', ['ns.example.org'])
  const { message } = await clientOf(t, options).failure('authoritative', 'www.example.org')
  assert.match(message, /servers of zone example\.org \(ns\.example\.org\) have no address/)
})

test('NXDOMAIN from the servers of a zone is an answer', async (t) => {
  const { options } = await internet(t)
  const poll = await clientOf(t, options).resolve('authoritative', 'gone.example.com')
  assert.deepEqual(poll.ok && poll.snapshot.rcode, 'NXDOMAIN')
})

test('An abort ends a query that waits for its zone, and not the search that others wait for', async (t) => {
  const { recursor, options } = await internet(t)
  recursor.behave('*', { delayMs: 60 })
  const { client, resolve, controller } = clientOf(t, options)
  const first = resolve('authoritative')
  const { signal } = new AbortController()
  const second = client.resolve({ hostname: host, type: 'A' }, 'authoritative', { signal })
  await until('the search', () => recursor.count() > 0)
  controller.abort()
  assert.match(await first.then((poll) => (poll.ok ? '' : poll.failure.message)), /given up/)
  const poll = await second
  assert.ok(poll.ok, poll.ok ? '' : poll.failure.message)
})
