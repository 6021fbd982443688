import assert from 'node:assert/strict'
import { test } from 'node:test'
import { failed, good } from '../../../../exporter/core/poll.ts'
import type { Question } from '../../../../exporter/sources/dns/client.ts'
import type { Asked, AskFailure } from '../../../../exporter/sources/dns/query.ts'
import { serverAddress } from '../../../../exporter/sources/dns/server-address.ts'
import type { Reply, ReplyRecord } from '../../../../exporter/sources/dns/wire.ts'
import { Zones } from '../../../../exporter/sources/dns/zones.ts'
import { settle, TestClock } from '../../clock.ts'

const host = 'api.elb.example.com'
const apex = 'elb.example.com'
const { signal } = new AbortController()

function replied(answers: readonly ReplyRecord[], soa?: Reply['soa']): Asked {
  const server = serverAddress('10.0.0.2')
  assert.ok(server)
  const flags = { authoritative: false, recursionAvailable: true, truncated: false, referral: false, edns: true }
  return { ok: true, server, reply: { rcode: 'NOERROR', ...flags, answers, ...(soa === undefined ? {} : { soa }) } }
}

const failures: Readonly<Record<'SERVFAIL' | 'REFUSED' | 'timeout', AskFailure>> = {
  SERVFAIL: { ok: false, reason: 'server', message: '10.0.0.2:53 answered SERVFAIL' },
  REFUSED: { ok: false, reason: 'denied', message: '10.0.0.2:53 answered REFUSED' },
  timeout: { ok: false, reason: 'timeout', message: '10.0.0.2:53 did not answer' },
}

/** A resolver that knows one zone with one server, with a TTL of 60 s, until it is told to fail. */
function setUp() {
  const clock = new TestClock()
  const state = { failure: undefined as AskFailure | undefined, failsBelow: false, asked: [] as string[] }
  const reply = (name: string): Asked => {
    if (state.failure !== undefined) return state.failure
    if (name === apex) return replied([{ name, type: 'NS', ttlSeconds: 60, data: 'ns.example.net' }])
    return state.failsBelow ? failures.SERVFAIL : replied([], { zone: apex, ttlSeconds: 60 })
  }
  const source = {
    ask: async ({ hostname, type }: Question) => {
      state.asked.push(`${hostname} ${type}`)
      return reply(hostname)
    },
    resolve: async ({ type }: Question) => {
      const { failure } = state
      if (failure !== undefined) return failed(clock.now(), failure.reason, failure.message)
      const records = type === 'A' ? ['192.0.2.53'] : []
      return good(clock.now(), { rcode: 'NOERROR' as const, records, ttlSeconds: 60, chain: [], server: '10.0.0.2:53' })
    },
  }
  const zones = new Zones({ clock, source, port: 53 })
  return { clock, state, zones, find: () => zones.find(host, { signal }) }
}

for (const how of ['SERVFAIL', 'REFUSED', 'timeout'] as const) {
  test(`A zone that is known stays while the system resolver gives ${how}, and its refresh is tried every 5 s`, async () => {
    const { clock, state, find } = setUp()
    const zone = await find()
    assert.ok(zone.ok)
    assert.deepEqual([zone.apex, zone.servers.map(({ text }) => text)], [apex, ['192.0.2.53:53']])
    state.failure = failures[how]
    await clock.advance(61_000)
    state.asked.length = 0
    for (let second = 0; second < 60; second++) {
      assert.equal(await find(), zone)
      await clock.advance(1_000)
    }
    assert.equal(state.asked.filter((question) => question === `${apex} NS`).length, 12)
    state.failure = undefined
    await clock.advance(5_000)
    await find()
    await settle()
    const anew = await find()
    assert.ok(anew.ok && anew !== zone)
  })
}

test('A zone whose servers do not answer is not lost to a system resolver that fails at the same time', async () => {
  const { clock, state, zones, find } = setUp()
  const zone = await find()
  assert.ok(zone.ok)
  state.failure = failures.SERVFAIL
  zones.distrust(zone)
  for (let round = 0; round < 3; round++) {
    await clock.advance(5_001)
    assert.equal(await find(), zone)
  }
})

test('A name that was never a zone is looked for above where the resolver fails on it', async () => {
  const { state, find } = setUp()
  state.failsBelow = true
  const zone = await find()
  assert.ok(zone.ok && zone.apex === apex)
  assert.deepEqual(state.asked, [`${host} NS`, `${apex} NS`])
})

test('A zone that could not be refreshed for 2 h is given up', async () => {
  const { clock, state, find } = setUp()
  await find()
  state.failure = failures.SERVFAIL
  await clock.advance(2 * 3_600_000)
  const found = await find()
  assert.deepEqual(found.ok ? found.apex : found.message, 'cannot find its zone: 10.0.0.2:53 answered SERVFAIL')
})
