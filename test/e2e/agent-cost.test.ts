/** What a node agent does without: it stands on every machine of a cluster, so that each MB and each wake-up counts. */
import assert from 'node:assert/strict'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, it } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { LabDns } from '../lab/dns-server.ts'
import { writeProc } from '../lab/proc.ts'
import { Exporter } from './exporter.ts'

let dns: LabDns
let folder: string

before(async () => {
  dns = await LabDns.start()
  dns.set('api.example.com', 'A', ['192.0.2.1'], { ttl: 5 })
  folder = await mkdtemp(join(tmpdir(), 'agent-cost-'))
  await writeProc(folder, [{ remote: '192.0.2.1' }])
})

after(async () => {
  await dns.close()
  await rm(folder, { recursive: true, force: true })
})

async function startAgent(env: Readonly<Record<string, string>> = {}): Promise<Exporter> {
  const names = [{ hostname: 'api.example.com', types: ['A'] }]
  const cluster = { name: 'prod', dns: { resolvers: [dns.address], names }, connections: { proc: folder } }
  const agent = await Exporter.start({ config: { clusters: [cluster] }, nodeFlags: ['--max-semi-space-size=8'], env })
  await agent.ready()
  return agent
}

it('an agent loads neither the clients of AWS and Kubernetes nor collectors that it does not run', async () => {
  const scripts = join(folder, 'scripts')
  const agent = await startAgent({ NODE_V8_COVERAGE: scripts })
  try {
    await agent.until((metrics) => metrics.value('connections', 'state="active"') === 1, 'the connection is seen')
  } finally {
    await agent.stop()
  }
  const reports = await Promise.all((await readdir(scripts)).map((name) => readFile(join(scripts, name), 'utf8')))
  const loaded = reports.flatMap((text) => JSON.parse(text).result.map(({ url }: { url: string }) => url)) as string[]
  assert.ok(
    loaded.some((url) => url.endsWith('/signals/connections/collector.ts')),
    'the agent itself is seen',
  )
  const needless =
    /@aws-sdk|@smithy|@kubernetes\/client-node|\/signals\/(elb|nodes|heartbeats|reachability)\/collector\.ts/
  assert.deepEqual(
    loaded.filter((url) => needless.test(url)),
    [],
  )
})

it('an agent gives back what starting took, and sleeps between its runs', async () => {
  const agent = await startAgent()
  try {
    const space = /^nodejs_heap_space_size_total_bytes\{space="new"\} (\d+)$/m.exec((await agent.metrics()).text)?.[1]
    assert.ok(Number(space) > 0 && Number(space) < 8e6, `the young generation has ${space} bytes`)
    const before = await wakeUps(agent.pid)
    const beganMs = performance.now()
    await delay(5_000)
    const perSecond = ((await wakeUps(agent.pid)) - before) / ((performance.now() - beganMs) / 1_000)
    // A check and a look each second time leave it near 5; a timer of 20 ms alone makes 50.
    assert.ok(perSecond < 25, `the main thread woke up ${perSecond} times a second`)
  } finally {
    await agent.stop()
  }
})

/** proc_pid_status(5): how often the main thread went to sleep by itself, and so was woken. */
async function wakeUps(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8')
  return Number(/^voluntary_ctxt_switches:\s+(\d+)/m.exec(status)?.[1])
}
