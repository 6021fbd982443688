import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import fc from 'fast-check'
import { ConfigError, loadConfig, parseConfig } from '../../../../exporter/service/config/load.ts'

const folder = new URL('../../../testdata/config/', import.meta.url).pathname

/** The faults of a text, without the file name. */
function faultsOf(text: string): readonly string[] {
  try {
    parseConfig(text, 'x.yaml')
    return []
  } catch (error) {
    assert.ok(error instanceof ConfigError, String(error))
    return error.faults.map((fault) => fault.replace(/^x\.yaml:/, ''))
  }
}

for (const name of readdirSync(join(folder, 'bad'))) {
  const text = readFileSync(join(folder, 'bad', name), 'utf8')
  test(`the config ${name} is refused with its place and reason`, () => {
    const wanted = text.split('\n', 1)[0]?.replace(/^# /, '')
    assert.equal(faultsOf(text)[0], wanted)
  })
}

test('a config with all sections is read, with durations in ms and paths from the folder of the file', async () => {
  const { config } = await loadConfig(join(folder, 'good.yaml'))
  assert.equal(config.retentionMs, 3_600_000)
  const [cluster] = config.clusters
  assert.deepEqual(cluster?.nodes, {
    kubeconfig: join(folder, 'kubeconfig.yaml'),
    context: 'name',
    inCluster: false,
    groupBy: ['topology.kubernetes.io/zone'],
    minAgeMs: 120_000,
    heartbeatStaleAfterMs: 25_000,
  })
  assert.deepEqual(cluster?.load_balancers?.[0]?.roleArn, 'arn:aws:iam::111122223333:role/reader')
  assert.deepEqual(cluster?.dns?.names[1], { hostname: 'bücher.example.com.', types: ['A'] })
  assert.deepEqual(cluster?.connections, { proc: '/host/proc' })
  assert.deepEqual(cluster?.reachability, { port: 443, timeoutMs: 2_000 })
})

test('what a config leaves out is filled in', () => {
  const { config } = parseConfig('clusters: [{name: a, nodes: {}, dns: {names: [{hostname: a.example}]}}]', 'x.yaml')
  assert.deepEqual(config, {
    schedules: {
      dns: '*/5 * * * * *',
      load_balancers: '*/30 * * * * *',
      heartbeats: '*/10 * * * * *',
      connections: '*/5 * * * * *',
    },
    retentionMs: 3_600_000,
    resolvConf: '/etc/resolv.conf',
    clusters: [
      {
        name: 'a',
        nodes: { inCluster: false, groupBy: [], minAgeMs: 120_000, heartbeatStaleAfterMs: 25_000 },
        dns: { resolvers: ['system'], names: [{ hostname: 'a.example', types: ['A'] }] },
      },
    ],
  })
})

test('all faults of a file are told at once, in the order of the file', () => {
  const faults = faultsOf(
    'retention: 1x\nfoo: 1\nclusters:\n  - name: a\n  - {name: a, dns: {names: [{hostname: a..b}]}}\n',
  )
  assert.deepEqual(
    faults.map((fault) => fault.split(': ').slice(0, 2).join(' ')),
    ['1:12 retention', '2:1 foo', '4:5 clusters[0]', '5:12 clusters[1].name', '5:40 clusters[1].dns.names[0].hostname'],
  )
})

test('a resolver may be an address in brackets without a port, and the same one twice is told once', () => {
  const withResolvers = (list: string) =>
    `clusters: [{name: a, dns: {resolvers: [${list}], names: [{hostname: a.example}]}}]`
  assert.deepEqual(faultsOf(withResolvers('"[::1]", "::2", 10.0.0.2, "10.0.0.2:5353"')), [])
  assert.deepEqual(faultsOf(withResolvers('"::1", "::1"')), [
    '1:39: clusters[0].dns.resolvers: items 1 and 0 are the same',
  ])
  assert.equal(faultsOf(withResolvers('"[::1]:0"')).length, 1)
})

test('what is missing, and what is wrong with a file as a whole, is told by its path', () => {
  assert.deepEqual(faultsOf(''), ['1:1: clusters: is missing'])
  assert.deepEqual(faultsOf('- a\n'), ['1:1: (file): must be a map, is a list'])
  assert.deepEqual(faultsOf('clusters: [{load_balancers: [{names: [b]}]}]'), [
    '1:12: clusters[0].name: is missing',
    '1:30: clusters[0].load_balancers[0].region: is missing',
  ])
})

test('a file that is not there is told as such', async () => {
  const path = join(dirname(folder), 'nowhere.yaml')
  await assert.rejects(loadConfig(path), new RegExp(`${path}:1:1: \\(file\\): cannot be read: ENOENT`))
})

test('a file that is not UTF-8 is refused at its first such byte', async (t) => {
  const path = join(await mkdtemp(join(tmpdir(), 'config-')), 'latin1.yaml')
  t.after(() => rm(dirname(path), { recursive: true }))
  await writeFile(path, Buffer.from('clusters:\n  - name: m\xfcnchen\n    nodes: {}\n', 'latin1'))
  await assert.rejects(loadConfig(path), new RegExp(`^ConfigError: ${path}:2:12: \\(file\\): is not text in UTF-8$`))
  await writeFile(path, 'clusters:\n  - name: münchen\n    nodes: {}\n')
  assert.equal((await loadConfig(path)).config.clusters[0]?.name, 'münchen')
})

test('a step as long as its field is one, in any of its forms', () => {
  const faults = (cron: string) => faultsOf(`schedules: {dns: "${cron}"}\nclusters: [{name: a, nodes: {}}]`)
  for (const cron of ['*/60 * * * * *', '0 0-59/15,7 */24 * * *']) assert.deepEqual(faults(cron), [], cron)
  for (const cron of ['0 5,0-59/61 * * * *', '0 0 */25 * * *']) assert.match(faults(cron).join(), /the step of/, cron)
})

test('no text makes the loader fail in any other way than by its faults', () => {
  const yaml = fc.oneof(
    fc.string(),
    fc.json(),
    fc
      .array(
        fc.constantFrom('clusters:', ' - ', 'name: ', '[', '{', '&a ', '*a', '\n', ': ', 'dns:', '"', '!!map ', '? '),
      )
      .map((parts) => parts.join('')),
  )
  fc.assert(fc.property(yaml, (text) => faultsOf(text).every((fault) => /^\d+:\d+: .+: ./s.test(fault))))
})
