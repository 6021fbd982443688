/** The exporter, as a process, against an authoritative server and a caching resolver that nobody here wrote. */
import assert from 'node:assert/strict'
import { Resolver } from 'node:dns/promises'
import { after, before, describe, it } from 'node:test'
import { type Knot, startKnot } from '../lab/knot.ts'
import { startUnbound, type Unbound } from '../lab/unbound.ts'
import { Exporter, type Metrics } from './exporter.ts'

const zone = 'peers.example'
const lagSeconds = 4

describe('the DNS signal against Knot and Unbound', () => {
  let knot: Knot
  let unbound: Unbound
  let exporter: Exporter

  before(async () => {
    knot = await startKnot(zone, [
      ...[1, 2, 3, 4, 5].map((host) => `rotating.${zone}. 1 IN A 192.0.2.${host}`),
      `api.${zone}. ${lagSeconds} IN A 192.0.2.10`,
      `api.${zone}. ${lagSeconds} IN A 192.0.2.11`,
      `alias.${zone}. 1 IN CNAME canonical.${zone}.`,
      `canonical.${zone}. 1 IN AAAA 2001:db8::1`,
      `leaving.${zone}. 1 IN A 192.0.2.20`,
    ])
    unbound = await startUnbound(zone, knot)
    exporter = await Exporter.start({
      config: {
        schedules: { dns: '* * * * * *' },
        clusters: [
          {
            name: 'peers',
            dns: {
              resolvers: [knot.address, unbound.address],
              names: [
                { hostname: `rotating.${zone}`, types: ['A'] },
                { hostname: `api.${zone}`, types: ['A'] },
                { hostname: `alias.${zone}`, types: ['AAAA'] },
                { hostname: `leaving.${zone}`, types: ['A'] },
              ],
            },
          },
        ],
      },
    })
    await exporter.ready()
  })

  after(async () => {
    await exporter?.stop()
    await unbound?.stop()
    await knot?.stop()
  })

  const series = (metrics: Metrics, name: string, host: string, server: { address: string } | undefined) =>
    metrics.value(name, `"${host}.${zone}"`, ...(server === undefined ? [] : [`"${server.address}"`]))
  const changes = (metrics: Metrics, host: string, server: Knot | Unbound) =>
    series(metrics, 'dns_answer_changes_total', host, server)
  const queries = (metrics: Metrics, host: string, server: Knot | Unbound, result: string) =>
    metrics.value('dns_queries_total', `"${host}.${zone}"`, `"${server.address}"`, `result="${result}"`) ?? 0
  const answer = (metrics: Metrics, host: string, server: Knot | Unbound) =>
    metrics
      .lines('dns_answer_info')
      .filter((line) => line.includes(`"${host}.${zone}"`) && line.includes(`"${server.address}"`))
      .map((line) => /answer="([^"]*)"/.exec(line)?.[1])

  it('takes the same records in another order, and a TTL that counts down, for no change', async () => {
    const resolver = new Resolver()
    resolver.setServers([knot.address])
    const orders = new Set<string>()
    for (let n = 0; n < 50; n += 1) orders.add((await resolver.resolve4(`rotating.${zone}`)).join())
    assert.ok(orders.size > 1, 'the server does rotate')

    const enough = (metrics: Metrics, host: string) =>
      [knot, unbound].every((server) => queries(metrics, host, server, 'NOERROR') >= 4)
    const metrics = await exporter.until(
      (now) => enough(now, 'rotating') && (series(now, 'dns_answer_ttl_seconds', 'api', unbound) ?? 9) < lagSeconds,
      'four answers of each server, and a TTL that the cache has counted down',
    )
    for (const server of [knot, unbound]) {
      assert.equal(changes(metrics, 'rotating', server), 0)
      assert.equal(changes(metrics, 'api', server), 0)
      assert.equal(series(metrics, 'dns_answers', 'rotating', server), 5)
    }
    assert.equal(series(metrics, 'dns_answer_ttl_seconds', 'api', knot), lagSeconds)
    assert.equal(series(metrics, 'dns_resolvers_agree', 'rotating', undefined), 1)
  })

  it('follows an alias to the addresses', async () => {
    const metrics = await exporter.metrics()
    assert.deepEqual(answer(metrics, 'alias', knot), ['2001:db8::1'])
    assert.deepEqual(answer(metrics, 'alias', unbound), ['2001:db8::1'])
  })

  it('sees an update once at each resolver, and the resolvers disagree while the cache lags', async () => {
    const full = (metrics: Metrics) => series(metrics, 'dns_answer_ttl_seconds', 'api', unbound) === lagSeconds
    await exporter.until(full, 'an answer that the cache has just fetched')
    const updatedAt = Date.now() / 1000
    await knot.update([`delete api.${zone}. A 192.0.2.10`, `add api.${zone}. ${lagSeconds} A 192.0.2.12`])

    const lagging = await exporter.until(
      (metrics) => series(metrics, 'dns_resolvers_agree', 'api', undefined) === 0,
      'the resolvers disagree',
    )
    assert.equal(changes(lagging, 'api', knot), 1)
    assert.equal(changes(lagging, 'api', unbound), 0)
    assert.deepEqual(answer(lagging, 'api', knot), ['192.0.2.11', '192.0.2.12'])
    assert.deepEqual(answer(lagging, 'api', unbound), ['192.0.2.10', '192.0.2.11'])

    const caughtUp = await exporter.until(
      (metrics) => series(metrics, 'dns_resolvers_agree', 'api', undefined) === 1,
      'the resolvers agree again',
    )
    assert.equal(changes(caughtUp, 'api', knot), 1)
    assert.equal(changes(caughtUp, 'api', unbound), 1)
    assert.deepEqual(answer(caughtUp, 'api', unbound), ['192.0.2.11', '192.0.2.12'])
    const changedAt = series(caughtUp, 'dns_answer_last_change_timestamp_seconds', 'api', knot) ?? 0
    assert.ok(changedAt >= updatedAt - 1 && changedAt <= Date.now() / 1000, `changed at ${changedAt}`)
  })

  it('takes NXDOMAIN for a change only when it came three times in a row', async () => {
    await knot.update([`delete leaving.${zone}. A`])
    let early = 0
    await exporter.until((metrics) => {
      for (const server of [knot, unbound]) {
        const absences = queries(metrics, 'leaving', server, 'NXDOMAIN')
        if (absences >= 3) continue
        early += absences
        assert.equal(changes(metrics, 'leaving', server), 0, `a change after ${absences} answers without the name`)
        assert.equal(series(metrics, 'dns_answers', 'leaving', server), 1, 'the value stays')
      }
      return [knot, unbound].every((server) => changes(metrics, 'leaving', server) === 1)
    }, 'the name has gone at both resolvers')
    assert.ok(early > 0, 'the answers before the third were seen')
    const metrics = await exporter.metrics()
    for (const server of [knot, unbound]) assert.equal(series(metrics, 'dns_answers', 'leaving', server), 0)
  })

  it('takes a resolver that dies for no change, and keeps its last answer', async () => {
    const counted = changes(await exporter.metrics(), 'api', unbound)
    await unbound.stop()
    const failures = (metrics: Metrics) =>
      ['network', 'timeout'].reduce((sum, result) => sum + queries(metrics, 'api', unbound, result), 0)
    const metrics = await exporter.until((now) => failures(now) >= 2, 'queries that fail')
    assert.equal(changes(metrics, 'api', unbound), counted)
    assert.deepEqual(answer(metrics, 'api', unbound), ['192.0.2.11', '192.0.2.12'])
    assert.equal(changes(metrics, 'api', knot), 1, 'the other resolver is not touched')
  })
})
