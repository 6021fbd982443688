import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { stringify } from 'yaml'
import { stolenTime } from '../stolen-time.ts'
import { awsCredentials, elbName, World } from './world.ts'

const main = fileURLToPath(new URL('../../exporter/main.ts', import.meta.url))
const role = 'arn:aws:iam::111122223333:role/elb-churn-exporter'

let world: World
let file: string

interface Outcome {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

function run(flags: readonly string[] = [], env: Readonly<Record<string, string>> = awsCredentials): Promise<Outcome> {
  const argv = [main, 'check-config', file, '--permissions', ...flags]
  // Nothing of this machine's own accounts, and no wait for a metadata service that is not there.
  const clean = { PATH: process.env.PATH, HOME: world.folder, AWS_EC2_METADATA_DISABLED: 'true', ...env }
  const { promise, resolve } = Promise.withResolvers<Outcome>()
  execFile(process.execPath, argv, { env: clean, timeout: 30_000 }, (error, stdout, stderr) => {
    resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr })
  })
  return promise
}

before(async () => {
  world = await World.start()
  world.aws.put({ name: 'k8s-api', type: 'network', scheme: 'internal', dnsName: elbName })
  const config = world.config() as { clusters: { load_balancers: object[] }[] }
  const more = { role_arn: role, types: ['classic', 'network'], tags: { a: 'b' }, interfaces: true }
  Object.assign(config.clusters[0]?.load_balancers[0] ?? {}, more)
  file = join(world.folder, 'permissions.yaml')
  await writeFile(file, stringify(config))
})

after(() => world.close())

describe('check-config --permissions', () => {
  it('prints a table of all calls and exits 0 where each is allowed', async () => {
    const { code, stdout, stderr } = await run([`--storage.path=${world.folder}`])
    assert.equal(code, 0, stdout)
    assert.equal(stderr, '')
    const lines = stdout.split('\n')
    assert.match(lines[0] ?? '', /^RESULT +CLUSTER +SECTION +CALL +ON$/)
    assert.ok(lines.includes(lines[1]?.trimEnd() ?? ''), 'no trailing blanks')
    assert.match(stdout, new RegExp(`^ok +prod +load_balancers +sts:AssumeRole +${role}$`, 'm'))
    assert.match(stdout, /^ok +prod +load_balancers +ec2:DescribeNetworkInterfaces +us-west-2$/m)
    assert.match(stdout, /^ok +prod +nodes +list leases +namespace kube-node-lease$/m)
    assert.match(stdout, new RegExp(`^ok +prod +dns +DNS query to ${world.dns.address} +`, 'm'))
    assert.match(stdout, new RegExp(`^ok +- +--storage.path +write state.json +${world.folder}$`, 'm'))
    assert.match(stdout, /^14 calls: 14 ok$/m)
  })

  it('tells what is missing with what to grant, and exits 1, as a table and as JSON', async (t) => {
    t.after(() => {
      world.aws.iam.allowed = undefined
      world.kubernetes.rbac.denied.clear()
    })
    world.aws.iam.allowed = new Set(['sts:AssumeRole', 'elasticloadbalancing:DescribeLoadBalancers'])
    world.kubernetes.rbac.denied.add('watch nodes')
    const [table, json] = await Promise.all([run(), run(['--format=json'])])
    assert.deepEqual([table.code, json.code], [1, 1])
    const row = /^missing +prod +nodes +watch nodes +cluster\n +the API server allows no watch nodes.*\n +grant: (.*)$/m
    assert.match(row.exec(table.stdout)?.[1] ?? '', /^\{apiGroups: \[""\], resources: \[nodes\], verbs: \[watch\]\}/)
    assert.match(table.stdout, /^13 calls: 8 ok, 5 missing$/m)
    const { ok, calls } = JSON.parse(json.stdout)
    assert.equal(ok, false)
    const missing = calls.filter(({ verdict }: { verdict: string }) => verdict === 'missing')
    assert.deepEqual(
      missing.map(({ call }: { call: string }) => call),
      [
        'elasticloadbalancing:DescribeInstanceHealth',
        'elasticloadbalancing:DescribeTags',
        'elasticloadbalancing:DescribeTags',
        'ec2:DescribeNetworkInterfaces',
        'watch nodes',
      ],
    )
    assert.equal(missing.at(-2)?.grant, 'ec2:DescribeNetworkInterfaces (statement NetworkInterfaces)')
    for (const secret of ['lab-bearer-token', 'lab-secret-key']) {
      assert.ok(!`${table.stdout}${json.stdout}${table.stderr}`.includes(secret))
    }
  })

  it('tells a wrong endpoint, missing credentials and a dead server apart, within its bounds', async (t) => {
    t.after(() => {
      world.aws.clearFaults()
      world.kubernetes.clearFaults()
    })
    world.aws.fail('elb:DescribeLoadBalancers', 'html')
    world.kubernetes.fault({ on: 'any', instead: 'reset' })
    using stolen = stolenTime()
    const startedAt = performance.now()
    const [elsewhere, nobody] = await Promise.all([run(), run([], {})])
    const tookMs = performance.now() - startedAt - stolen.msSince(startedAt)
    assert.ok(tookMs < 15_000, `${tookMs} ms`)
    assert.deepEqual([elsewhere.code, nobody.code], [1, 1])
    assert.match(elsewhere.stdout, /^wrong endpoint +prod +load_balancers .*DescribeLoadBalancers +classic in/m)
    assert.match(elsewhere.stdout, /^unreachable +prod +nodes +list nodes/m)
    assert.match(nobody.stdout, /^credentials +prod +load_balancers +sts:AssumeRole .*\n +No AWS credentials found/m)
    assert.match(nobody.stdout, /^not tried +prod +load_balancers +ec2:Describe/m)
  })

  it('tells the faults of a bad file as without the flag', async () => {
    const bad = join(world.folder, 'bad.yaml')
    await writeFile(bad, 'clusters: [{name: a, node: {}}]\n')
    const { promise, resolve } = Promise.withResolvers<string>()
    execFile(process.execPath, [main, 'check-config', bad, '--permissions'], (_error, _stdout, said) => resolve(said))
    assert.match(await promise, /bad\.yaml:1:22: clusters\[0\]\.node: unknown key/)
  })
})
