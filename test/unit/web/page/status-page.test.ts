import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { script } from '../../../../exporter/web/page/script.ts'
import { style } from '../../../../exporter/web/page/style.ts'
import { answer, at, collector, loadBalancer, nodes, nowMs, show, words } from './watched.ts'

describe('the status page', () => {
  it('says at the first start what it waits for, and shows no value that nobody knows', () => {
    const starting = { up: null, last_success: null, tasks: [], watched: { load_balancers: [] } }
    const page = words(
      show({
        clusters: [{ name: 'prod', collectors: { load_balancers: starting, nodes: { ...starting, watched: {} } } }],
        waiting: ['prod nodes'],
      }),
    )
    assert.match(page, /Waiting for the first run of prod nodes\./)
    assert.match(page, /prod Starting/)
    assert.match(page, /The list of nodes has not come yet\./)
    assert.doesNotMatch(page, /undefined|NaN|Invalid|null/)
  })

  it('says so where nothing is watched', () => {
    assert.match(words(show({})), /Nothing is watched yet/)
  })

  it('tells the outage in one sentence: nodes, cause, and since when', () => {
    const lost = { removed: ['10.0.1.12'], message: 'load balancer k8s-api lost 10.0.1.12', secondsAgo: 130 }
    const gone = loadBalancer('k8s-api', {
      active: [{ address: '10.0.2.34', zone: 'b' }],
      dead: [{ address: '10.0.1.12', zone: 'a', since: at(130) }],
    })
    const collectors = {
      load_balancers: collector({ load_balancers: [gone] }),
      nodes: collector(nodes(12, ['node-01', 'node-02'])),
    }
    const page = words(show({ clusters: [{ name: 'prod', collectors }], changes: [lost] }))
    assert.match(page, /Nodes stranded 2 of 12 nodes not ready \(17 %\); k8s-api lost 10\.0\.1\.12 2 min 10 s ago\./)
    assert.match(page, /10\.0\.1\.12 a dead interface deleted 11:57:50 2 min 10 s/)
    assert.match(page, /10\.0\.2\.34 b active in DNS before 11:00:00/)
  })

  it('names the load balancer as the cause, not the answers that followed it', () => {
    const answers = {
      kind: 'dns_answer',
      subject: 'api.example.com A system',
      removed: ['10.0.1.12'],
      secondsAgo: 60,
    } as const
    const changes = [{ removed: ['10.0.1.12'], secondsAgo: 61 }, answers]
    const clusters = [{ name: 'prod', collectors: { nodes: collector(nodes(12, ['node-01', 'node-02'])) } }]
    assert.match(words(show({ clusters, changes })), /k8s-api lost 10\.0\.1\.12 1 min 1 s ago\./)
    assert.match(
      words(show({ clusters, changes: [answers] })),
      /the answer api\.example\.com A system lost 10\.0\.1\.12/,
    )
  })

  it('gives an address that came the time when it came', () => {
    const came = { added: ['10.0.3.1'], secondsAgo: 90 }
    const own = loadBalancer('k8s-api', { active: [{ address: '10.0.3.1', zone: '' }] })
    const page = words(
      show({
        clusters: [{ name: 'prod', collectors: { load_balancers: collector({ load_balancers: [own] }) } }],
        changes: [came],
      }),
    )
    assert.match(page, /10\.0\.3\.1 – active in DNS 11:58:30 1 min 30 s/)
  })

  it('puts resolvers side by side and marks only what they do not all say', () => {
    const watched = [
      answer('system', ['10.0.0.1', '10.0.0.2']),
      answer('10.0.0.2:53', ['10.0.0.2']),
      answer('late', [], { failure: { reason: 'timeout', message: 'no answer from late' } }),
    ]
    const page = show({ clusters: [{ name: 'prod', collectors: { dns: collector(watched) } }] })
    const rows = [...page.matchAll(/<tr( class="differs")?><th scope="row">(.*?)<\/tr>/gs)].map((row) => [
      row[1] !== undefined,
      words(row[2] ?? '').trim(),
    ])
    assert.deepEqual(rows, [
      [true, '10.0.0.1 differs yes no ?'],
      [false, '10.0.0.2 yes yes ?'],
    ])
    assert.match(words(page), /Answers differ resolvers differ on api\.example\.com A/)
    assert.match(words(page), /no answer from late/)
  })

  it('tells of each failing collector since when, why, and what to do, above all clusters', () => {
    const tasks = [
      {
        task: 'watch',
        failing_since: at(40),
        failures: [{ reason: 'denied', message: 'nodes is forbidden' }],
        failures_omitted: 7,
      },
    ]
    const page = words(
      show({
        clusters: [
          { name: 'prod', collectors: { nodes: collector(nodes(3, []), { up: false, last_success: at(300), tasks }) } },
        ],
      }),
    )
    assert.match(
      page,
      /1 collector failing .*nodes in prod Failing since 11:59:20 40 s ago, last success 11:55:00 5 min ago/,
    )
    assert.match(page, /denied nodes is forbidden and 7 more failures/)
    assert.match(page, /What to do: Apply deploy\/rbac\.yaml: the exporter needs list and watch of nodes\./)
    assert.ok(page.indexOf('1 collector failing') < page.lastIndexOf('Watcher failing'))
  })

  it('does not show as true now what it does not follow any more', () => {
    const failing = collector(nodes(12, ['a', 'b', 'c']), { up: false, last_success: at(300) })
    const page = words(show({ clusters: [{ name: 'prod', collectors: { nodes: failing } }] }))
    assert.match(page, /3 of 12 nodes not ready \(25 %\), as last known; 1 collector failing: nodes\./)
    assert.match(page, /Not known now\. As last seen at 11:55:00 5 min ago ?: 3 of 12 nodes not ready/)
  })

  it('puts the worst cluster first', () => {
    const calm = { nodes: collector(nodes(3, [])) }
    const page = show({
      clusters: [
        { name: 'calm', collectors: calm },
        { name: 'bad', collectors: { nodes: collector(nodes(4, ['a', 'b'])) } },
      ],
    })
    assert.ok(page.indexOf('<h2>bad</h2>') < page.indexOf('<h2>calm</h2>'))
    assert.match(page, /<title>Nodes not ready: bad – elb-churn-exporter<\/title>/)
  })

  it('escapes whatever comes from outside, wherever it stands', () => {
    const evil = `"'><x-evil onload=alert(1)>&`
    const twist = (value: unknown): unknown => {
      if (typeof value === 'string') return Number.isNaN(Date.parse(value)) ? `${value}${evil}` : value
      if (Array.isArray(value)) return value.map(twist)
      if (typeof value !== 'object' || value === null) return value
      return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, twist(item)]))
    }
    const collectors = Object.fromEntries(
      Object.entries(everything(3)).map(([name, status]) => [name, { ...(twist(status) as object), up: false }]),
    )
    const changes = (['elb_addresses', 'dns_answer', 'load_balancer', 'node_readiness'] as const).map((kind) => ({
      kind,
      cluster: evil,
      subject: evil,
      message: evil,
      added: [evil],
      removed: [evil],
    }))
    const page = show({ clusters: [{ name: evil, collectors }], changes, waiting: [evil] })
    assert.ok(page.split('x-evil').length > 30, 'it is shown in many places')
    assert.ok(!page.includes('<x-evil') && !/=\s*"[^"]*"'>/.test(page))
    // Quotes are escaped too, so it ends no attribute.
    assert.equal(page.split(evil).length, 1)
  })

  it('does not break whatever JSON a collector says', () => {
    fc.assert(
      fc.property(
        fc.dictionary(
          fc.constantFrom('load_balancers', 'dns', 'nodes', 'heartbeats', 'connections', 'reachability'),
          fc.jsonValue(),
        ),
        (watched) => {
          const collectors = Object.fromEntries(
            Object.entries(watched).map(([name, value]) => [name, collector(value)]),
          )
          const raw = Object.fromEntries(Object.entries(watched).map(([name, value]) => [name, value as object]))
          assert.match(
            show({
              clusters: [
                { name: 'prod', collectors },
                { name: 'raw', collectors: raw },
              ],
            }),
            /<\/html>\n$/,
          )
        },
      ),
    )
  })

  it('holds no style attribute, no inline script and no absolute link, so that its policy and a proxy let it through', () => {
    const page = show({ clusters: [{ name: 'prod', collectors: everything(3) }], changes: [{ removed: ['10.0.0.1'] }] })
    assert.doesNotMatch(page, /\sstyle=|\son\w+=|javascript:|href="\/|src="\/|https?:\/\/(?!api\.example)/)
    assert.match(page, /<noscript><meta http-equiv="refresh" content="15"><\/noscript>/)
  })

  it('stays small and fast with 400 load balancers, 5,000 NotReady nodes and 1,000 names, and says what it leaves out', () => {
    const ratios = Array.from({ length: 900 }, (_, index) => ({
      fromMs: nowMs - (900 - index) * 4_000,
      toMs: nowMs - (899 - index) * 4_000,
      ratio: (index % 10) / 10,
    }))
    const changes = Array.from({ length: 1_000 }, (_, index) => ({
      removed: [`10.0.${index % 200}.1`],
      message: `load balancer k8s-${index} lost an address`,
      secondsAgo: 3_600 - index * 3,
    }))
    const shown = { clusters: [{ name: 'prod', collectors: everything(400, 5_000, 1_000) }], changes, ratios }
    const page = show(shown)
    const size = Buffer.byteLength(page + style + script)
    assert.ok(size < 100_000, `${size} bytes`)
    const text = words(page)
    for (const omitted of [
      /388 more load balancers, all calmer/,
      /984 more names, all calmer/,
      /4976 more nodes/,
      /980 more older changes/,
      /89 more addresses/,
    ])
      assert.match(text, omitted)
    // The one load balancer that lost an address comes first.
    assert.ok(page.indexOf('k8s-399') < page.indexOf('k8s-000'))
    assert.ok(bestMs(() => show(shown)) < 100)
  })

  it('stays small with 300 clusters', () => {
    const clusters = Array.from({ length: 300 }, (_, index) => ({
      name: `prod-${index}`,
      collectors: everything(20, 50, 40),
    }))
    const page = show({ clusters })
    assert.ok(Buffer.byteLength(page + style + script) < 200_000)
    assert.match(words(page), /292 more clusters/)
    assert.match(words(page), /and 192 more clusters, not shown/)
  })
})

function bestMs(work: () => unknown): number {
  const times = Array.from({ length: 5 }, () => {
    const startedAt = performance.now()
    work()
    return performance.now() - startedAt
  })
  return Math.min(...times)
}

/** All collectors, each with so much. */
function everything(loadBalancers: number, notReady = 5, names = 3): Record<string, object> {
  const balancers = Array.from({ length: loadBalancers }, (_, index) => {
    const name = `k8s-${String(index).padStart(3, '0')}`
    const active = Array.from({ length: 100 }, (_, each) => ({
      address: `10.${index % 200}.${each}.1`,
      zone: 'us-west-2a',
    }))
    const retired = index === loadBalancers - 1 ? [{ address: '10.250.0.1', zone: 'us-west-2b', since: at(60) }] : []
    return loadBalancer(name, { active, retired })
  })
  const answers = Array.from({ length: names }, (_, index) =>
    ['system', 'authoritative', '10.0.0.2:53'].map((resolver) =>
      answer(resolver, ['10.0.0.1', '10.0.0.2'], { hostname: `api-${index}.example.com` }),
    ),
  )
  const shownNodes = Array.from(
    { length: Math.min(100, notReady) },
    (_, index) => `ip-10-0-${index}-1.us-west-2.compute.internal`,
  )
  return {
    load_balancers: collector({ load_balancers: balancers }),
    dns: collector(answers.flat()),
    nodes: collector(nodes(10_000, shownNodes, { not_ready_omitted: notReady - shownNodes.length })),
    heartbeats: collector({
      nodes_with_lease: 10_000,
      stale: shownNodes.map((node) => ({ node, age_seconds: 40 })),
      stale_omitted: 0,
    }),
    connections: collector([
      {
        hostname: 'api.example.com',
        active: [{ address: '10.0.0.1', connections: 3, stalled: 0 }],
        retired: [{ address: '10.0.0.9', connections: 1, stalled: 1, since: at(60) }],
      },
    ]),
    reachability: collector({ port: 443, addresses: [{ address: '10.0.0.1', reachable: false, why: 'timeout' }] }),
  }
}
