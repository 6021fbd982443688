import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Behaviour } from '../../../lab/dns-behaviour.ts'
import { LabDns } from '../../../lab/dns-server.ts'
import { until } from '../../../until.ts'
import { clientOf, host, lab, shortTimeoutMs } from './client-fixture.ts'

test('An answer is sorted, without duplicates, with its least TTL, chain and server', async (t) => {
  const dns = await lab(t)
  dns.set(host, 'CNAME', ['LB.Example.net'], { ttl: 20 })
  dns.set('lb.example.net', 'A', ['10.0.0.9', '10.0.0.1', '10.0.0.9'], { ttl: 60 })
  const { resolve, traces } = clientOf(t)
  const poll = await resolve(dns.address)
  assert.ok(poll.ok)
  assert.deepEqual(poll.snapshot, {
    rcode: 'NOERROR',
    records: ['10.0.0.1', '10.0.0.9'],
    ttlSeconds: 20,
    chain: ['lb.example.net'],
    server: dns.address,
  })
  assert.deepEqual(
    traces.map(({ server, question, result }) => [server, question, result]),
    [[dns.address, { hostname: host, type: 'A' }, 'NOERROR']],
  )
})

test('Every record type is answered, over IPv4 and IPv6', async (t) => {
  for (const bound of ['127.0.0.1', '::1']) {
    const dns = await lab(t, { host: bound })
    dns.set(host, 'A', ['10.0.0.1'])
    dns.set(host, 'AAAA', ['2001:db8:0:0::1'])
    dns.set(host, 'NS', ['NS1.example.com'])
    dns.set(host, 'SRV', ['1 2 443 a.example.com'])
    dns.set('alias.example.com', 'CNAME', [host])
    const { records } = clientOf(t)
    assert.deepEqual(await records(dns.address), ['10.0.0.1'])
    assert.deepEqual(await records(dns.address, host, 'AAAA'), ['2001:db8::1'])
    assert.deepEqual(await records(dns.address, host, 'NS'), ['ns1.example.com'])
    assert.deepEqual(await records(dns.address, host, 'SRV'), ['1 2 443 a.example.com'])
    assert.deepEqual(await records(dns.address, 'alias.example.com', 'CNAME'), [host])
  }
})

test('NXDOMAIN and an empty NOERROR are answers without records', async (t) => {
  const dns = await lab(t)
  dns.set(host, 'A', ['10.0.0.1'])
  const { resolve } = clientOf(t)
  const missing = await resolve(dns.address, 'no.example.com')
  assert.deepEqual(missing.ok && [missing.snapshot.rcode, missing.snapshot.records], ['NXDOMAIN', []])
  assert.ok(missing.ok && !('ttlSeconds' in missing.snapshot))
  const empty = await resolve(dns.address, host, 'AAAA')
  assert.deepEqual(empty.ok && [empty.snapshot.rcode, empty.snapshot.records], ['NOERROR', []])
})

test('Other response codes are failures with their reason', async (t) => {
  const dns = await lab(t)
  const { failure, traces } = clientOf(t)
  for (const [rcode, reason] of [
    ['SERVFAIL', 'server'],
    ['REFUSED', 'denied'],
    ['NOTIMP', 'server'],
    ['FORMERR', 'server'],
  ] as const) {
    dns.behave(host, { rcode })
    const { reason: got, message } = await failure(dns.address)
    assert.equal(got, reason)
    assert.match(message, new RegExp(`^DNS query ${host} A by resolver ${dns.address} failed: .*${rcode}`))
  }
  assert.deepEqual(
    traces.map(({ result }) => result),
    ['SERVFAIL', 'REFUSED', 'NOTIMP', 'FORMERR'],
  )
})

test('A lost packet is sent once more, and two lost ones are a time-out', async (t) => {
  const dns = await lab(t)
  dns.set(host, 'A', ['10.0.0.1'])
  dns.behave(host, { dropFirst: 1 })
  const { records, failure, traces } = clientOf(t, { timeoutMs: shortTimeoutMs })
  assert.deepEqual(await records(dns.address), ['10.0.0.1'])
  dns.behave(host, { dropFirst: 2 })
  assert.equal((await failure(dns.address)).reason, 'timeout')
  assert.deepEqual(
    traces.map(({ result }) => result),
    ['timeout', 'NOERROR', 'timeout', 'timeout'],
  )
  assert.equal(dns.count({ name: host, transport: 'udp' }), 4)
})

test('A port where nobody listens is a network failure at once', async (t) => {
  const dns = await LabDns.start()
  const { address } = dns
  await dns.close()
  const { failure, traces } = clientOf(t, { timeoutMs: 60_000 })
  const { reason, message } = await failure(address)
  assert.equal(reason, 'network')
  assert.match(message, /ECONNREFUSED/)
  assert.deepEqual(
    traces.map(({ result }) => result),
    ['network'],
  )
})

test('Replies that do not fit are dropped and counted, and the query goes on to the good one', async (t) => {
  const dns = await lab(t)
  dns.set(host, 'A', ['10.0.0.1'])
  for (const [damagedFirst, reason] of [
    ['wrong_id', 'mismatched'],
    ['wrong_question', 'mismatched'],
    ['query_bit', 'mismatched'],
    ['noise', 'malformed'],
    ['oversized', 'oversized'],
  ] as const) {
    dns.behave(host, { damagedFirst })
    const { records, drops } = clientOf(t)
    assert.deepEqual(await records(dns.address), ['10.0.0.1'], damagedFirst)
    assert.deepEqual(drops, [`${dns.address} ${reason}`], damagedFirst)
  }
})

test('Only replies that cannot be read make the failure malformed; only foreign ones a time-out', async (t) => {
  const dns = await lab(t)
  const answered = async (name: string, behaviour: Behaviour) => {
    dns.set(name, 'A', ['10.0.0.1'])
    dns.behave(name, behaviour)
    const { failure } = clientOf(t, { timeoutMs: shortTimeoutMs })
    return [JSON.stringify(behaviour), (await failure(dns.address, name)).reason]
  }
  const malformed = (['noise', 'empty', 'cut', 'short_rdata'] as const).map((way) => ({ malformed: way }))
  const foreign = (['wrong_id', 'wrong_question', 'query_bit'] as const).map((way) => ({ damagedOnly: way }))
  const unreadable = [...malformed, { damagedOnly: 'oversized' as const }]
  const reasons = await Promise.all([...unreadable, ...foreign].map((way, index) => answered(`${index}.${host}`, way)))
  assert.deepEqual(reasons, [
    ...unreadable.map((way) => [JSON.stringify(way), 'malformed']),
    ...foreign.map((way) => [JSON.stringify(way), 'timeout']),
  ])
})

test('A second copy of a reply, and one that comes too late, are dropped as late', async (t) => {
  const dns = await lab(t)
  dns.set(host, 'A', ['10.0.0.1'])
  dns.set('next.example.com', 'A', ['10.0.0.2'])
  dns.behave(host, { duplicate: true })
  const { records, failure, drops } = clientOf(t, { timeoutMs: shortTimeoutMs, socketsPerServer: 1 })
  await records(dns.address)
  await records(dns.address, 'next.example.com')
  assert.deepEqual(drops, [`${dns.address} late`])
  dns.behave(host, { delayMs: 1.5 * shortTimeoutMs })
  await failure(dns.address)
  assert.deepEqual(await records(dns.address, 'next.example.com'), ['10.0.0.2'])
  await until('the late reply of each query', () => drops.length >= 3)
  assert.deepEqual(drops, Array(3).fill(`${dns.address} late`))
})

test('A truncated reply is asked for again over TCP', async (t) => {
  const dns = await lab(t)
  const many = Array.from({ length: 100 }, (_, index) => `10.0.1.${index}`)
  dns.set(host, 'A', many)
  dns.behave(host, { truncate: true })
  const { records, failure, traces } = clientOf(t, { timeoutMs: shortTimeoutMs })
  assert.equal((await records(dns.address)).length, 100)
  assert.equal(dns.count({ transport: 'tcp' }), 1)
  assert.equal(traces.length, 2)
  dns.behave(host, { truncate: true, tcp: 'close' })
  assert.equal((await failure(dns.address)).reason, 'network')
  dns.behave(host, { truncate: true, tcp: 'silent' })
  assert.equal((await failure(dns.address)).reason, 'timeout')
  await dns.refuseTcp()
  const refused = await failure(dns.address)
  assert.equal(refused.reason, 'network')
  assert.match(refused.message, /TCP: ECONNREFUSED/)
})

test('Ports and ids differ from query to query, and a socket is replaced after its share', async (t) => {
  const dns = await lab(t)
  dns.set(host, 'A', ['10.0.0.1'])
  const { records } = clientOf(t, { queriesPerSocket: 8, socketsPerServer: 2 })
  for (let round = 0; round < 10; round++) {
    await Promise.all(Array.from({ length: 10 }, () => records(dns.address)))
  }
  const perPort = new Map<number, number>()
  for (const { sourcePort } of dns.queries) perPort.set(sourcePort, (perPort.get(sourcePort) ?? 0) + 1)
  assert.ok(perPort.size >= 8, `only ${perPort.size} ports`)
  const ids = new Set(dns.queries.map(({ id }) => id))
  assert.ok(ids.size > 90)
})

test('A hostname is made canonical before it is asked, and a bad one is not asked', async (t) => {
  const dns = await lab(t)
  dns.set('xn--mnchen-3ya.example', 'A', ['10.0.0.1'])
  const { records, failure } = clientOf(t)
  assert.deepEqual(await records(dns.address, 'MÜNCHEN.example.'), ['10.0.0.1'])
  assert.match((await failure(dns.address, 'a..b')).message, /not a hostname/)
  assert.match((await failure('dns.example.com', host)).message, /neither system, authoritative, nor an address/)
  assert.equal(dns.count(), 1)
})

test('A reply with bytes after its last record is an answer at once', async (t) => {
  const dns = await lab(t)
  dns.set(host, 'A', ['10.0.0.1'])
  dns.behave(host, { tail: 3 })
  assert.deepEqual(await clientOf(t, { timeoutMs: 60_000 }).records(dns.address), ['10.0.0.1'])
})

test('A reply in upper case is the same answer', async (t) => {
  const dns = await lab(t)
  dns.set(host, 'A', ['10.0.0.1'])
  dns.behave(host, { upperCase: true })
  assert.deepEqual(await clientOf(t).records(dns.address), ['10.0.0.1'])
})

test('A chain that the server does not follow is followed by further queries', async (t) => {
  const dns = await lab(t)
  dns.set(host, 'CNAME', ['b.example.com'], { ttl: 5 })
  dns.set('b.example.com', 'CNAME', ['c.example.com'], { ttl: 50 })
  dns.set('c.example.com', 'A', ['10.0.0.1'], { ttl: 60 })
  dns.behave('*', { followCname: false })
  const poll = await clientOf(t).resolve(dns.address)
  assert.ok(poll.ok)
  assert.deepEqual(poll.snapshot.chain, ['b.example.com', 'c.example.com'])
  assert.deepEqual(poll.snapshot.records, ['10.0.0.1'])
  assert.equal(poll.snapshot.ttlSeconds, 5)
  assert.equal(dns.count(), 3)
})

test('A chain without end, in a circle or too long, is malformed and says so', async (t) => {
  for (const followCname of [true, false]) {
    const dns = await lab(t)
    dns.behave('*', { followCname })
    dns.set(host, 'CNAME', ['b.example.com'])
    dns.set('b.example.com', 'CNAME', [host])
    for (let hop = 0; hop < 20; hop++) dns.set(`h${hop}.example.com`, 'CNAME', [`h${hop + 1}.example.com`])
    const { failure } = clientOf(t)
    const circle = await failure(dns.address)
    assert.equal(circle.reason, 'malformed')
    assert.match(circle.message, /circle through api\.example\.com/)
    const long = await failure(dns.address, 'h0.example.com')
    assert.equal(long.reason, 'malformed')
    assert.match(long.message, /more than 16 CNAMEs/)
    assert.ok(dns.count() <= 20)
  }
})

test('A chain that ends at a name that does not exist is NXDOMAIN, with its chain', async (t) => {
  for (const followCname of [true, false]) {
    const dns = await lab(t)
    dns.behave('*', { followCname })
    dns.set(host, 'CNAME', ['gone.example.net'])
    const poll = await clientOf(t).resolve(dns.address)
    assert.ok(poll.ok)
    assert.equal(poll.snapshot.rcode, 'NXDOMAIN')
    assert.deepEqual([poll.snapshot.records, poll.snapshot.chain], [[], ['gone.example.net']])
  }
})

test('A referral is a failure and not an empty answer', async (t) => {
  const dns = await lab(t, { zones: ['example.com'] })
  dns.set('sub.example.com', 'NS', ['ns.elsewhere.net'])
  const { reason, message } = await clientOf(t).failure(dns.address, 'www.sub.example.com')
  assert.equal(reason, 'server')
  assert.match(message, /only names other servers/)
})

test('An abort ends what is in flight and what waits for its turn', async (t) => {
  const dns = await lab(t)
  dns.behave('*', { dropFirst: Infinity })
  const { resolve, controller } = clientOf(t, { timeoutMs: 60_000, concurrencyPerServer: 2 })
  const polls = Promise.all(Array.from({ length: 5 }, () => resolve(dns.address)))
  await until('two queries', () => dns.count() >= 2)
  controller.abort()
  for (const poll of await polls) assert.match(poll.ok ? '' : poll.failure.message, /given up/)
  assert.equal(dns.count(), 2)
  assert.ok(!(await resolve(dns.address)).ok)
})

test('A dead server does not take the places of a living one, and the rest of its queries wait', async (t) => {
  const dead = await lab(t)
  const alive = await lab(t)
  dead.behave('*', { dropFirst: Infinity })
  alive.set(host, 'A', ['10.0.0.1'])
  const { resolve, records } = clientOf(t, { concurrency: 8, concurrencyPerServer: 4, timeoutMs: shortTimeoutMs })
  const stuck = Promise.all(Array.from({ length: 6 }, () => resolve(dead.address)))
  for (let round = 0; round < 5; round++) assert.deepEqual(await records(alive.address), ['10.0.0.1'])
  assert.equal(dead.count(), 4)
  assert.ok((await stuck).every((poll) => !poll.ok && poll.failure.reason === 'timeout'))
})
