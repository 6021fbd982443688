import assert from 'node:assert/strict'
import { test } from 'node:test'
import { failed, good, type Poll } from '../../../../exporter/core/poll.ts'
import { create } from '../../../../exporter/signals/dns/collector.ts'
import { dnsMetrics } from '../../../../exporter/signals/dns/metrics.ts'
import type { DnsOptions } from '../../../../exporter/signals/dns/options.ts'
import type { RunContext } from '../../../../exporter/signals/signal.ts'
import type { Answer, DnsClient, Question, ResolveOptions } from '../../../../exporter/sources/dns/client.ts'
import { type ManualClock, type MemoryDeps, type MemoryOptions, memoryDeps, runContext } from '../deps.ts'

const server = '127.0.0.1:53'
const options: DnsOptions = {
  resolvers: ['system'],
  names: [{ hostname: 'API.Example.com.', types: ['A'] }],
}

/** A client whose answers the test sets, by `hostname type resolver` or for all. */
class ScriptedDns implements DnsClient {
  readonly asked: string[] = []
  clock: ManualClock | undefined
  /** Results of packets that find the servers to ask. */
  helpers: readonly string[] = []
  readonly #answers = new Map<string, readonly string[] | string | 'never'>()
  readonly #open = new Set<() => void>()

  /** Records, a failure's message, or no answer until `release`. */
  script(key: string, answer: readonly string[] | string): void {
    this.#answers.set(key, answer)
  }

  async resolve(question: Question, resolver: string, resolveOptions: ResolveOptions): Promise<Poll<Answer>> {
    const key = `${question.hostname} ${question.type} ${resolver}`
    this.asked.push(key)
    if (this.#answers.get(key) === 'never') await this.#wait(resolveOptions.signal)
    const atMs = this.clock?.now() ?? 0
    const answer = this.#answers.get(key) ?? []
    const isGood = typeof answer !== 'string'
    for (const result of this.helpers) {
      resolveOptions.onQuery?.({
        server,
        question: { hostname: 'ns.example.com', type: 'A' },
        result,
        durationMs: 1,
        helper: true,
      })
    }
    if (answer !== 'no zone')
      resolveOptions.onQuery?.({ server, question, result: isGood ? 'NOERROR' : 'timeout', durationMs: 1 })
    if (!isGood) return failed(atMs, 'timeout', answer)
    const ttl = answer.length === 0 ? {} : { ttlSeconds: 60 }
    return good(atMs, { rcode: 'NOERROR', records: answer, ...ttl, chain: ['lb.example.net'], server })
  }

  release(): void {
    for (const end of this.#open) end()
  }

  async namesFor(hostname: string): Promise<readonly string[]> {
    return [hostname]
  }

  async close(): Promise<void> {
    this.release()
  }

  #wait(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      this.#open.add(resolve)
      signal.addEventListener('abort', () => resolve(), { once: true })
    })
  }
}

function watch(watched: DnsOptions = options, given: Partial<MemoryOptions> = {}) {
  const dns = new ScriptedDns()
  const memory: MemoryDeps = memoryDeps({ tables: [dnsMetrics], dns, ...given })
  dns.clock = memory.clock
  const collector = create(watched, memory.deps)
  const [task] = collector.tasks
  assert.ok(task?.kind === 'scheduled' && task.name === 'answers' && task.schedule === 'dns')
  const run = (context: Partial<RunContext> = {}) => task.run(runContext(context))
  /** The lines of /metrics that are of interest. */
  const series = async (pattern: RegExp) => {
    const text = await memory.store.render()
    return text.split('\n').filter((line) => !line.startsWith('#') && pattern.test(line))
  }
  return { ...memory, dns, collector, task, run, series }
}

const key = 'api.example.com A system'
const labels = 'cluster="test",hostname="api.example.com",type="A",resolver="system"'

test('The exposition of one target, whole', async () => {
  const { dns, run, series } = watch()
  dns.script(key, ['10.0.0.1', '10.0.0.2'])
  assert.deepEqual(await run(), [])
  assert.deepEqual(await series(/^elbchurn_(?!dns_query_duration)/), [
    `elbchurn_dns_answers{${labels}} 2`,
    `elbchurn_dns_answer_info{${labels},answer="10.0.0.1"} 1`,
    `elbchurn_dns_answer_info{${labels},answer="10.0.0.2"} 1`,
    `elbchurn_dns_answer_changes_total{${labels}} 0`,
    `elbchurn_dns_answer_ttl_seconds{${labels}} 60`,
    `elbchurn_dns_queries_total{${labels},result="NOERROR"} 1`,
    'elbchurn_dns_resolvers_agree{cluster="test",hostname="api.example.com",type="A"} 1',
  ])
  assert.deepEqual(await series(/duration_seconds_(count|bucket.*"0.001")/), [
    'elbchurn_dns_query_duration_seconds_bucket{le="0.001",cluster="test",resolver="system"} 1',
    'elbchurn_dns_query_duration_seconds_count{cluster="test",resolver="system"} 1',
  ])
})

test('Packets that find the servers of a zone are timed but no queries for the name, unless nobody can be asked for it', async () => {
  const { dns, run, series } = watch()
  dns.helpers = ['NOERROR', 'SERVFAIL']
  dns.script(key, ['10.0.0.1'])
  await run()
  assert.deepEqual(await series(/queries_total/), [`elbchurn_dns_queries_total{${labels},result="NOERROR"} 1`])
  assert.match((await series(/duration_seconds_count/)).join(), / 3$/)
  dns.script(key, 'no zone')
  await run()
  await run()
  assert.deepEqual((await series(/queries_total/)).sort(), [
    `elbchurn_dns_queries_total{${labels},result="NOERROR"} 1`,
    `elbchurn_dns_queries_total{${labels},result="SERVFAIL"} 2`,
  ])
})

test('A change is counted, timed, recorded with both sets, and kept in the book', async () => {
  const { dns, run, series, changes, books, clock } = watch()
  dns.script(key, ['10.0.0.1', '10.0.0.2'])
  await run()
  clock.advance(5_000)
  dns.script(key, ['10.0.0.2', '10.0.0.3'])
  await run()
  assert.deepEqual(await series(/changes_total|last_change|answer_info/), [
    `elbchurn_dns_answer_info{${labels},answer="10.0.0.2"} 1`,
    `elbchurn_dns_answer_info{${labels},answer="10.0.0.3"} 1`,
    `elbchurn_dns_answer_changes_total{${labels}} 1`,
    `elbchurn_dns_answer_last_change_timestamp_seconds{${labels}} ${clock.now() / 1000}`,
  ])
  assert.deepEqual(changes, [
    {
      kind: 'dns_answer',
      subject: key,
      message: 'the DNS answer changed: 1 added, 1 removed',
      added: ['10.0.0.3'],
      removed: ['10.0.0.1'],
      before: ['10.0.0.1', '10.0.0.2'],
      after: ['10.0.0.2', '10.0.0.3'],
    },
  ])
  assert.deepEqual([...books.keys()], [key])
})

test('The TTL stays with the records while an empty answer is not believed yet, and leaves with them', async () => {
  const { dns, run, series } = watch()
  dns.script(key, ['10.0.0.1'])
  await run()
  dns.script(key, [])
  for (const count of [1, 2]) {
    await run()
    assert.deepEqual(
      await series(/answer_ttl/),
      [`elbchurn_dns_answer_ttl_seconds{${labels}} 60`],
      `empty ${count} times`,
    )
  }
  await run()
  assert.deepEqual(await series(/answer_ttl|dns_answers/), [`elbchurn_dns_answers{${labels}} 0`])
  dns.script(key, ['10.0.0.1'])
  await run()
  assert.deepEqual(await series(/answer_ttl/), [`elbchurn_dns_answer_ttl_seconds{${labels}} 60`])
})

test('A failed poll is a failure of the run, keeps every value, and grows stale after two minutes', async () => {
  const { dns, run, series, changes, clock } = watch()
  dns.script(key, ['10.0.0.1'])
  await run()
  clock.advance(1_000)
  dns.script(key, ['10.0.0.2'])
  await run()
  const before = await series(/dns_answer/)
  dns.script(key, 'no reply from the server')
  clock.advance(5_000)
  assert.deepEqual(await run(), [{ reason: 'timeout', message: 'no reply from the server' }])
  assert.deepEqual(await series(/dns_answer/), before)
  clock.advance(120_000)
  await run()
  assert.deepEqual(await series(/dns_(answers|answer_(info|ttl)|resolvers)/), [])
  assert.equal((await series(/last_change/)).length, 1)
  assert.equal(changes.length, 1)
})

test('After a restart the saved answer is the last good one, so a change in the gap is seen once', async () => {
  const before = watch()
  before.dns.script(key, ['10.0.0.1'])
  await before.run()
  before.dns.script(key, ['10.0.0.2'])
  before.clock.advance(1_000)
  await before.run()
  const after = watch(options, { books: before.books })
  assert.deepEqual(await after.series(/^elbchurn/), [
    `elbchurn_dns_answer_changes_total{${labels}} 0`,
    `elbchurn_dns_answer_last_change_timestamp_seconds{${labels}} ${before.clock.now() / 1000}`,
  ])
  after.clock.advance(60_000)
  after.dns.script(key, ['10.0.0.3'])
  await after.run()
  await after.run()
  assert.deepEqual(
    after.changes.map(({ before: old, after: now }) => [old, now]),
    [[['10.0.0.2'], ['10.0.0.3']]],
  )
})

test('A damaged book is told once and is no book: the next answer is the baseline', async () => {
  const membership = { absences: [], settling: 0, empties: 0 }
  const books = new Map([[key, { membership, lastChangeMs: 1e300 }]])
  const { dns, run, changes, log, books: left, collector } = watch(options, { books })
  assert.deepEqual(
    log.map(({ level, message, fields }) => [level, message, 'first' in fields && fields.first]),
    [['warn', 'saved DNS answers cannot be read and were dropped', key]],
  )
  assert.doesNotThrow(() => collector.status())
  assert.deepEqual(watch(options, { books: left }).log, [])
  dns.script(key, ['10.0.0.1'])
  await run()
  assert.deepEqual(changes, [])
})

test('Targets that leave the config leave the books and /metrics; those that stay keep their series over a reload', async () => {
  const two: DnsOptions = { ...options, names: [...options.names, { hostname: 'old.example.com', types: ['A'] }] }
  const before = watch(two)
  before.dns.script(key, ['10.0.0.1'])
  await before.run()
  assert.equal((await before.series(/dns_answers\{/)).length, 2)
  await before.collector.stop()
  const kept = await before.series(/"api\.example\.com"/)
  const after = watch(options, { books: before.books, store: before.store, clock: before.clock })
  assert.deepEqual(await after.series(/old\.example\.com/), [])
  assert.deepEqual(await after.series(/"api\.example\.com"/), kept)
  assert.deepEqual([...after.books.keys()], [key])
})

test('Resolvers agree by their sets, and only those that answered are compared', async () => {
  const three: DnsOptions = { ...options, resolvers: ['system', 'authoritative', '10.0.0.2:53'] }
  const { dns, run, series } = watch(three)
  const at = (resolver: string) => `api.example.com A ${resolver}`
  const agree = async () => (await series(/resolvers_agree/)).map((line) => line.split(' ').at(-1))
  dns.script(at('system'), ['10.0.0.1', '10.0.0.2'])
  dns.script(at('authoritative'), ['10.0.0.1', '10.0.0.2'])
  dns.script(at('10.0.0.2:53'), 'no reply')
  await run()
  assert.deepEqual(await agree(), ['1'])
  dns.script(at('10.0.0.2:53'), ['10.0.0.1'])
  await run()
  assert.deepEqual(await agree(), ['0'])
  dns.script(at('10.0.0.2:53'), 'no reply')
  await run()
  assert.deepEqual(await agree(), ['1'])
})

test('Each name is asked for each type at each resolver, once, however often the config names it', async () => {
  const { dns, run } = watch({
    resolvers: ['system', '10.0.0.2', 'system'],
    names: [
      { hostname: 'a.example.com', types: ['A', 'AAAA'] },
      { hostname: 'A.example.com.', types: ['A'] },
      { hostname: 'münchen.example', types: ['SRV'] },
    ],
  })
  await run()
  assert.deepEqual(dns.asked.sort(), [
    'a.example.com A 10.0.0.2',
    'a.example.com A system',
    'a.example.com AAAA 10.0.0.2',
    'a.example.com AAAA system',
    'xn--mnchen-3ya.example SRV 10.0.0.2',
    'xn--mnchen-3ya.example SRV system',
  ])
})

async function turns(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve))
}

test('Later runs spread their queries over a fifth of the interval, and send those of one name together', async () => {
  const names = Array.from({ length: 10 }, (_, index) => ({ hostname: `h${index}.example.com`, types: ['A'] as const }))
  const { dns, run, clock } = watch({ resolvers: ['system', 'authoritative'], names })
  await run({ first: true })
  assert.equal(dns.asked.length, 20)
  dns.asked.length = 0
  const done = run({ first: false, intervalMs: 5_000 })
  const counts: number[] = []
  for (let step = 0; step < 10; step++) {
    await turns()
    counts.push(dns.asked.length)
    clock.advance(100)
  }
  assert.deepEqual(counts, [2, 4, 6, 8, 10, 12, 14, 16, 18, 20])
  assert.deepEqual(await done, [])
})

test('A query still going when the run must end is told, not asked again, and published when it comes', async () => {
  const two: DnsOptions = { ...options, resolvers: ['system', 'authoritative'] }
  const { dns, run, clock, series } = watch(two)
  dns.script(key, 'never')
  dns.script('api.example.com A authoritative', ['10.0.0.1'])
  const done = run()
  await turns()
  clock.advance(4_500)
  assert.deepEqual(await done, [
    {
      reason: 'timeout',
      message: 'DNS query api.example.com A by resolver system has no answer after 4.5 s and goes on',
    },
  ])
  assert.equal((await series(/resolvers_agree/)).length, 1)
  const second = run({ first: false })
  await turns()
  clock.advance(4_500)
  assert.equal((await second).length, 1)
  assert.equal(dns.asked.filter((asked) => asked === key).length, 1)
  dns.script(key, ['10.0.0.1'])
  dns.release()
  await turns()
  assert.equal((await series(/dns_answers\{.*"system"/)).length, 1)
})

test('An aborted run settles at once, and stop ends what is in flight without telling it', async () => {
  const { dns, run, collector, books } = watch()
  dns.script(key, 'never')
  const controller = new AbortController()
  const done = run({ signal: controller.signal })
  await turns()
  controller.abort()
  assert.deepEqual(await done, [])
  await collector.stop()
  assert.equal(books.size, 0)
})

test('The status tells of each target what is known, and never more than JSON can carry', async () => {
  const { dns, run, collector, clock } = watch()
  dns.script(key, ['10.0.0.1'])
  await run()
  clock.advance(1_000)
  dns.script(key, ['10.0.0.2'])
  await run()
  clock.advance(1_000)
  dns.script(key, 'no reply')
  await run()
  const changed = new Date(clock.now() - 1_000).toISOString()
  const status = collector.status()
  assert.deepEqual(status, JSON.parse(JSON.stringify(status)))
  assert.deepEqual(status, [
    {
      hostname: 'api.example.com',
      type: 'A',
      resolver: 'system',
      records: ['10.0.0.2'],
      chain: ['lb.example.net'],
      ttl_seconds: 60,
      rcode: 'NOERROR',
      server,
      last_change: changed,
      last_success: changed,
      failure: { reason: 'timeout', message: 'no reply' },
    },
  ])
})
