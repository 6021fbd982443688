/** Faults of the process: its clock, its descriptors, its memory, its time, its beginning and its end. */
import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { Exporter } from '../../e2e/exporter.ts'
import { awsCredentials, World } from '../../e2e/world.ts'
import { LabCluster } from '../../lab/kubernetes/cluster.ts'
import { LabKubernetes } from '../../lab/kubernetes-server.ts'
import { until } from '../../until.ts'
import { Ground } from '../ground.ts'
import { isWell, noChange, oneChange, type Play, pause, residentMb, sameCounts, startSubject, timed } from './play.ts'

const preload = fileURLToPath(new URL('jumping-clock.ts', import.meta.url))

/** `aheadMs`: how far ahead of the real one the clock of the process then is. */
function clockJumps(aheadMs: () => number, zone = 'UTC'): Play {
  return async (t) => {
    const folder = await mkdtemp(join(tmpdir(), 'clock-'))
    t.after(() => rm(folder, { recursive: true, force: true }))
    const file = join(folder, 'ahead')
    const { world, exporter } = await startSubject(t, {
      nodeFlags: ['--import', preload],
      env: { CLOCK_FILE: file, TZ: zone },
    })
    const byMs = aheadMs()
    await writeFile(file, String(byMs))
    const jumpedMs = Date.now()
    exporter.signal('SIGUSR2')
    await pause(4_000)
    const quiet = await exporter.metrics()
    assert.ok(sameCounts(quiet, noChange), 'no change by the jump')
    assert.equal(quiet.value('dns_answers'), 2)
    assert.equal(quiet.value('nodes', 'ready="true"', 'us-west-2a'), 2)
    assert.equal(quiet.value('elb_addresses', 'source="dns"'), 2)
    const took = await timed(async () => {
      world.setAddresses(['10.0.0.1', '10.0.0.3'])
      await exporter.until((metrics) => isWell(metrics) && sameCounts(metrics, oneChange), 'the change')
    })
    const metrics = await exporter.metrics()
    const atSeconds = metrics.value('dns_answer_last_change_timestamp_seconds') ?? Number.NaN
    const offBySeconds = atSeconds - (Date.now() + byMs) / 1_000
    assert.ok(Math.abs(offBySeconds) < 15, `the change is ${offBySeconds} s off the new clock`)
    assert.ok(Date.now() - jumpedMs < 60_000, 'nothing has waited for the hour')
    return took
  }
}

export const clockBack = clockJumps(() => -3_600_000)
export const clockAhead = clockJumps(() => 3_600_000)
/** 01:59:58 in summer time, two seconds before it is 01:00 again. */
export const clockTwice = clockJumps(() => Date.UTC(2026, 10, 1, 5, 59, 58) - Date.now(), 'America/New_York')

/** Clients that hold connections and make new ones for those that are closed. Returns what ends them. */
function crowd(t: TestContext, url: string, count: number): () => void {
  const { hostname, port } = new URL(url)
  const sockets = new Set<Socket>()
  let over = false
  const dial = () => {
    if (over) return
    const socket = connect(Number(port), hostname)
    sockets.add(socket)
    socket.on('error', () => undefined)
    socket.on('close', () => {
      sockets.delete(socket)
      setTimeout(dial, 20)
    })
  }
  for (let index = 0; index < count; index++) dial()
  const end = () => {
    over = true
    for (const socket of sockets) socket.destroy()
  }
  t.after(end)
  return end
}

/** Leases are listed over a new connection, every 10 s. */
const crowdedMs = 12_000

export const descriptors: Play = async (t) => {
  const { world, exporter } = await startSubject(t, { wrapper: ['prlimit', '--nofile=80:80'] })
  const end = crowd(t, exporter.url, 200)
  await pause(crowdedMs / 2)
  world.setAddresses(['10.0.0.1', '10.0.0.3'])
  await pause(crowdedMs / 2)
  const warnings = () => exporter.lines.filter(({ level }) => level === 'warn')
  await until('the limit is reached, by the heartbeats too', () =>
    [
      JSON.stringify(warnings()).includes('EMFILE'),
      warnings().some(({ collector }) => collector === 'heartbeats'),
    ].every(Boolean),
  )
  const took = await timed(async () => {
    end()
    await exporter.until((metrics) => isWell(metrics) && sameCounts(metrics, oneChange), 'all is well', 30_000)
  })
  const metrics = await exporter.metrics()
  assert.equal(metrics.value('nodes', 'ready="true"', 'us-west-2a'), 2)
  const errors = metrics.lines('collector_errors_total').join('\n')
  assert.match(errors, /collector="heartbeats",reason="limit"/)
  assert.doesNotMatch(errors, /internal|expired/)
  return took
}

export const memory: Play = async (t) => {
  const cluster = new LabCluster({ imageBytes: 25_000 })
  for (let index = 0; index < 10_000; index++) cluster.addNode(`node-${index}`)
  const kubernetes = await LabKubernetes.start({ cluster, token: 'lab-bearer-token' })
  t.after(() => kubernetes.close())
  const folder = await mkdtemp(join(tmpdir(), 'memory-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  const kubeconfig = await kubernetes.writeKubeconfig(join(folder, 'kubeconfig'))
  const nodeFlags = ['--max-old-space-size=64', '--max-semi-space-size=8']
  let exporter: Exporter | undefined
  t.after(() => exporter?.stop())
  const took = await timed(async () => {
    exporter = await Exporter.start({ config: { clusters: [{ name: 'large', nodes: { kubeconfig } }] }, nodeFlags })
    await exporter.until((metrics) => metrics.value('nodes', 'ready="true"') === 10_000, 'all nodes', 60_000)
  })
  if (exporter === undefined) throw new Error('it has started')
  await exporter.until((metrics) => metrics.value('nodes_heartbeat_stale') === 0, 'the heartbeats', 60_000)
  const resident = await residentMb(exporter)
  t.diagnostic(`memory: ${resident.toFixed(0)} MB resident`)
  assert.ok(resident < 250, `${resident} MB`)
  return took
}

export const stopped: Play = async (t) => {
  const { world, exporter } = await startSubject(t)
  exporter.signal('SIGSTOP')
  await pause(3_000)
  world.setAddresses(['10.0.0.1', '10.0.0.3'])
  await pause(3_000)
  const took = await timed(async () => {
    exporter.signal('SIGCONT')
    await exporter.until((metrics) => isWell(metrics) && sameCounts(metrics, oneChange), 'all is well', 30_000)
  })
  await pause(3_000)
  assert.ok(sameCounts(await exporter.metrics(), oneChange), 'counted once')
  return took
}

export const deadNameservers: Play = async (t) => {
  const world = await World.start()
  t.after(() => world.close())
  const ground = await Ground.open()
  t.after(() => ground.close())
  for (const name of ['api.lab.test', 'aws.lab.test']) ground.records.set(name, 'A', ['127.0.0.1'], { ttl: 1 })
  const kubeconfig = join(ground.folder, 'kubeconfig')
  const server = `https://api.lab.test:${world.kubernetes.port}`
  await world.kubernetes.writeKubeconfig(kubeconfig, { server })
  const [cluster] = (world.config() as { clusters: [{ nodes: object; load_balancers: [object] }] }).clusters
  const endpoint = `http://aws.lab.test:${new URL(world.aws.endpoint).port}`
  const [entry] = cluster.load_balancers
  const config = {
    ...world.config(),
    resolv_conf: ground.resolvConf,
    clusters: [{ ...cluster, nodes: { kubeconfig }, load_balancers: [{ ...entry, endpoint }] }],
  }
  const storage = join(ground.folder, 'state')
  const exporter = await world.exporter({ config, env: awsCredentials, flags: [`--storage.path=${storage}`] })
  await exporter.ready()
  await exporter.until(isWell, 'a healthy world', 30_000)
  ground.system.behave('*', { dropFirst: Number.POSITIVE_INFINITY })
  world.kubernetes.resetConnections()
  world.aws.fail('*', 'reset')
  await exporter.until(
    (metrics) => metrics.value('collector_up', 'nodes') === 0 && metrics.value('collector_up', 'load_b') === 0,
    'both are down',
    40_000,
  )
  const took = await timed(async () => assert.equal(await exporter.stop(), 0))
  assert.match(await readFile(join(storage, 'state.json'), 'utf8'), /k8s-api/)
  return took
}

export const coldStart: Play = async (t) => {
  const world = await World.start()
  t.after(() => world.close())
  world.dns.behave('*', { rcode: 'SERVFAIL' })
  world.aws.fail('*', 'error-503')
  world.kubernetes.fault({ on: 'any', status: 503 })
  const exporter = await world.exporter()
  await exporter.ready(30_000)
  const metrics = await exporter.until(
    (each) =>
      each.lines('collector_up').length === 4 && each.lines('collector_up').every((line) => line.endsWith(' 0')),
    'all are down',
  )
  const values = [
    'elb_addresses',
    'elb_address_info',
    'elb_info',
    'dns_answers',
    'dns_answer_info',
    'nodes{',
    'nodes_not',
  ]
  for (const name of values) assert.deepEqual(metrics.lines(name), [], `nothing is known of ${name}`)
  return await timed(async () => {
    world.dns.behave('*', {})
    world.aws.clearFaults()
    world.kubernetes.clearFaults()
    await exporter.until((each) => isWell(each) && sameCounts(each, noChange), 'all is well', 30_000)
  })
}
