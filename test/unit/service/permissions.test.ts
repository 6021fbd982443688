import assert from 'node:assert/strict'
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, afterEach, before, describe, it } from 'node:test'
import { systemClock } from '../../../exporter/service/clock.ts'
import { parseConfig } from '../../../exporter/service/config/load.ts'
import { checkPermissions, type Finding } from '../../../exporter/service/permissions.ts'
import { signals } from '../../../exporter/signals/index.ts'
import type { Answer } from '../../../exporter/sources/dns/client.ts'
import { LabAws, type LabAwsFault } from '../../lab/aws-server.ts'
import { LabKubernetes } from '../../lab/kubernetes-server.ts'
import { noDns } from '../signals/deps.ts'

process.env.AWS_ACCESS_KEY_ID = 'AKIALABUSER'
process.env.AWS_SECRET_ACCESS_KEY = 'a-secret-that-no-finding-shows'
process.env.AWS_EC2_METADATA_DISABLED = 'true'
process.env.AWS_CONFIG_FILE = process.env.AWS_SHARED_CREDENTIALS_FILE = '/dev/null'

const role = 'arn:aws:iam::111122223333:role/reader'
const answer: Answer = { rcode: 'NOERROR', records: ['192.0.2.1'], ttlSeconds: 60, chain: [], server: '192.0.2.53:53' }

let aws: LabAws
let kubernetes: LabKubernetes
let folder: string
let asked: string[] = []

const dns = {
  ...noDns,
  resolve: async ({ hostname }: { hostname: string }, resolver: string) => {
    asked.push(`${hostname} ${resolver}`)
    if (hostname === 'mistyped.example.com')
      return { ok: true, atMs: 0, snapshot: { ...answer, rcode: 'NXDOMAIN', records: [] } } as const
    if (hostname === 'api.nowhere' && resolver === 'authoritative')
      return { ok: false, atMs: 0, failure: { reason: 'not_found', message: 'no zone of api.nowhere' } } as const
    if (resolver !== '192.0.2.9:53') return { ok: true, atMs: 0, snapshot: answer } as const
    return { ok: false, atMs: 0, failure: { reason: 'denied', message: 'REFUSED by 192.0.2.9:53' } } as const
  },
}

/** Every call there is, unless `entry` or `sections` say otherwise. */
async function check(entry: object = {}, sections: object = {}, storage?: string): Promise<readonly Finding[]> {
  const loadBalancers = { region: 'us-west-2', endpoint: aws.endpoint, tags: { a: 'b' }, interfaces: true, ...entry }
  const cluster = {
    name: 'prod',
    nodes: { kubeconfig: join(folder, 'kubeconfig') },
    load_balancers: [{ role_arn: role, ...loadBalancers }],
    dns: { resolvers: ['192.0.2.53:53'], names: [{ hostname: 'api.example.com' }, { hostname: 'b.example.com' }] },
    connections: {},
    ...sections,
  }
  const { config } = parseConfig(JSON.stringify({ clusters: [cluster] }), 'config.yaml')
  const findings = await checkPermissions(config, {
    signals,
    dns,
    clock: systemClock,
    signal: AbortSignal.timeout(20_000),
    ...(storage !== undefined && { storage }),
  })
  assert.doesNotMatch(JSON.stringify(findings), /that-no-finding-shows|lab-bearer-token|lab-session/)
  return findings
}

function lines(findings: readonly Finding[], verdict?: Finding['verdict']): string[] {
  const wanted = findings.filter((finding) => finding.verdict === (verdict ?? finding.verdict))
  return wanted.map(({ call, on }) => `${call} ${on}`.replace(/kubeconfig, for .*/, 'kubeconfig').replace(folder, ''))
}

const ofAws = [
  `sts:AssumeRole ${role}`,
  'elasticloadbalancing:DescribeLoadBalancers classic in us-west-2',
  'elasticloadbalancing:DescribeInstanceHealth classic in us-west-2',
  'elasticloadbalancing:DescribeTags classic in us-west-2',
  'elasticloadbalancing:DescribeLoadBalancers v2 in us-west-2',
  'elasticloadbalancing:DescribeTags v2 in us-west-2',
  'ec2:DescribeNetworkInterfaces us-west-2',
]
const ofKubernetes = ['list nodes cluster', 'watch nodes cluster', 'list leases namespace kube-node-lease']
const all = [
  ...ofAws,
  'DNS query to authoritative classic.elb.test A',
  'DNS query to 192.0.2.53:53 api.example.com A',
  'credentials of Kubernetes /kubeconfig',
  ...ofKubernetes,
  'read TCP connections /proc',
]

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'permissions-'))
  aws = await LabAws.start()
  kubernetes = await LabKubernetes.start({ token: 'lab-bearer-token' })
  await kubernetes.writeKubeconfig(join(folder, 'kubeconfig'))
  for (const type of ['classic', 'application'] as const) {
    for (const name of [type, `${type}-2`]) aws.put({ name, type, scheme: 'internal', dnsName: `${name}.elb.test` })
  }
})

afterEach(() => {
  aws.clearFaults()
  aws.resetCalls()
  aws.iam.allowed = undefined
  kubernetes.rbac.denied.clear()
  kubernetes.clearFaults()
  asked = []
})

after(async () => {
  await Promise.all([aws.close(), kubernetes.close()])
  await rm(folder, { recursive: true, force: true })
})

describe('the check of permissions', () => {
  it('tries each call of the config once, with the smallest pages, and a dry run where there is one', async () => {
    assert.deepEqual(lines(await check(), 'ok'), all)
    assert.equal(aws.calls(), ofAws.length)
    assert.equal(aws.lastCall('elb:DescribeLoadBalancers')?.get('PageSize'), '1')
    assert.equal(aws.lastCall('elbv2:DescribeLoadBalancers')?.get('PageSize'), '1')
    assert.equal(aws.lastCall('ec2:DescribeNetworkInterfaces')?.get('DryRun'), 'true')
    assert.equal(aws.lastAccessKey('ec2:DescribeNetworkInterfaces'), 'ASIALABROLE', 'with the credentials of the role')
    assert.deepEqual(asked, ['api.example.com 192.0.2.53:53', 'classic.elb.test authoritative'])
  })

  it('tries only what the config asks for', async () => {
    const plain = { role_arn: undefined, tags: {}, names: ['a'], types: ['network'], interfaces: false }
    const sections = { nodes: undefined, dns: undefined, connections: undefined }
    const found = await check(plain, sections)
    assert.deepEqual(lines(found), [
      "credentials of AWS the SDK's default chain",
      'elasticloadbalancing:DescribeLoadBalancers v2 in us-west-2',
      'DNS query to authoritative application.elb.test A',
    ])
    assert.equal(aws.calls(), 1)
  })

  for (const action of new Set(ofAws.slice(1).map((line) => line.split(' ')[0] ?? ''))) {
    it(`tells that ${action} alone is missing, and names the statement that grants it`, async () => {
      const others = ofAws.map((line) => line.split(' ')[0] ?? '').filter((name) => name !== action)
      aws.iam.allowed = new Set(others)
      const found = await check()
      assert.deepEqual(
        lines(found, 'missing'),
        ofAws.filter((line) => line.startsWith(action)),
      )
      for (const { verdict, detail, grant } of found) {
        if (verdict !== 'missing') continue
        assert.match(detail, /role\/reader\/lab: grant it to the role/, 'it names who was refused')
        assert.match(grant ?? '', new RegExp(`^${action} \\(statement \\w+\\)$`))
      }
    })
  }

  it('asks nothing of AWS in vain where the role cannot be assumed', async () => {
    aws.iam.allowed = new Set()
    const found = await check()
    assert.deepEqual(lines(found, 'missing'), [`sts:AssumeRole ${role}`])
    assert.match(found[0]?.grant ?? '', new RegExp(`^sts:AssumeRole on ${role} to the caller .*trust policy$`))
    assert.deepEqual(lines(found, 'not tried').slice(0, -1), ofAws.slice(1))
    assert.equal(aws.calls(), 1)
  })

  for (const [right, line, grant] of [
    ['list nodes', 'list nodes cluster', '{apiGroups: [""], resources: [nodes], verbs: [list]} by a ClusterRole'],
    ['watch nodes', 'watch nodes cluster', '{apiGroups: [""], resources: [nodes], verbs: [watch]} by a ClusterRole'],
    [
      'list leases.coordination.k8s.io in kube-node-lease',
      'list leases namespace kube-node-lease',
      '{apiGroups: ["coordination.k8s.io"], resources: [leases], verbs: [list]} by a Role in kube-node-lease',
    ],
  ] as const) {
    it(`tells that the right to ${right} alone is missing, and the rule that grants it`, async () => {
      kubernetes.rbac.denied.add(right)
      const found = await check()
      assert.deepEqual(lines(found, 'missing'), [line])
      const [missing] = found.filter(({ verdict }) => verdict === 'missing')
      assert.equal(missing?.grant, `${grant} (deploy/rbac.yaml)`)
      assert.match(missing?.detail ?? '', /no RBAC policy matched/)
    })
  }

  it('tells a refusal of AWS from credentials, a wrong endpoint, a fault of AWS and nobody at all', async () => {
    const told: [LabAwsFault, Finding['verdict']][] = [
      ['expired-token', 'credentials'],
      ['html', 'wrong endpoint'],
      ['empty', 'wrong endpoint'],
      ['error-503', 'failing'],
      ['throttle', 'failing'],
    ]
    for (const [fault, verdict] of told) {
      aws.fail('elbv2:DescribeTags', fault)
      const found = await check({ types: ['network'] }, { nodes: undefined })
      assert.deepEqual(lines(found, verdict), [ofAws[5]], fault)
      aws.clearFaults()
    }
    const nobody = await check({ endpoint: 'http://127.0.0.1:9', role_arn: undefined, types: ['network'] })
    assert.deepEqual(lines(nobody, 'unreachable'), [ofAws[4], ofAws[6]])
  })

  it('tells a missing right in Kubernetes from credentials, a wrong URL and nobody at all', async () => {
    const nodes = async (kubeconfig: string) => {
      const found = await check(
        {},
        { nodes: { kubeconfig }, load_balancers: undefined, dns: undefined, connections: undefined },
      )
      return found.map(({ verdict }) => verdict)
    }
    const write = (server: string) => kubernetes.writeKubeconfig(join(folder, 'other'), { server })
    assert.deepEqual(await nodes(await write('http://127.0.0.1:9')), ['ok', ...Array(3).fill('unreachable')])
    for (const fault of [{ status: 404 }, { instead: 'garbage' }] as const) {
      kubernetes.fault({ on: 'any', ...fault })
      assert.deepEqual(await nodes(join(folder, 'kubeconfig')), ['ok', ...Array(3).fill('wrong endpoint')])
      kubernetes.clearFaults()
    }
    await writeFile(join(folder, 'token'), 'another')
    await kubernetes.writeKubeconfig(join(folder, 'other'), { tokenFile: join(folder, 'token') })
    assert.deepEqual(await nodes(join(folder, 'other')), ['ok', ...Array(3).fill('credentials')])
    assert.deepEqual(await nodes(join(folder, 'nowhere')), ['credentials', ...Array(3).fill('not tried')])
  })

  it('tells a resolver that refuses us, and a /proc that is not mounted', async () => {
    const dnsSection = { resolvers: ['192.0.2.9:53', '192.0.2.53:53'], names: [{ hostname: 'api.example.com' }] }
    const sections = { nodes: undefined, load_balancers: undefined, dns: dnsSection }
    const found = await check({}, { ...sections, connections: { proc: '/host/proc' } })
    assert.deepEqual(lines(found, 'missing'), [
      'DNS query to 192.0.2.9:53 api.example.com A',
      'read TCP connections /host/proc',
    ])
    assert.match(found.at(-1)?.grant ?? '', /^mount the host's \/proc\/1\/net read-only at \/host\/proc\/1\/net$/)
  })

  it('warns of a name that does not exist, and blames no endpoint for a name that is in no zone', async () => {
    const sections = { nodes: undefined, load_balancers: undefined, connections: undefined }
    const one = async (hostname: string) => {
      const [found] = await check({}, { ...sections, dns: { resolvers: ['authoritative'], names: [{ hostname }] } })
      return [found?.verdict, found?.detail]
    }
    assert.deepEqual(await one('mistyped.example.com'), [
      'ok',
      'warning: 192.0.2.53:53 answers NXDOMAIN: check the spelling of mistyped.example.com',
    ])
    assert.deepEqual(await one('api.nowhere'), [
      'failing',
      'no zone of api.nowhere; check the spelling of the name, or ask resolvers: [system]',
    ])
  })

  it('tells where credentials were looked for, and not of a role that nobody asked for', async () => {
    const { AWS_ACCESS_KEY_ID: key } = process.env
    delete process.env.AWS_ACCESS_KEY_ID
    try {
      const found = await check({ role_arn: undefined }, { nodes: undefined, dns: undefined, connections: undefined })
      assert.deepEqual(lines(found, 'credentials'), ["credentials of AWS the SDK's default chain"])
      assert.match(
        found[0]?.detail ?? '',
        /^No AWS credentials found in the SDK's default chain: renew the credentials/,
      )
      assert.equal(found[1]?.detail, 'it needs the credentials that could not be had')
      assert.doesNotMatch(JSON.stringify(found), /AssumeRole|undefined/)
    } finally {
      process.env.AWS_ACCESS_KEY_ID = key
    }
  })

  it('tells whether the state can be written, and leaves nothing behind', async () => {
    const only = { nodes: undefined, load_balancers: undefined, connections: undefined }
    const verdict = async (path: string) => (await check({}, only, path)).at(-1)?.verdict
    const before = await readdir(folder)
    assert.equal(await verdict(folder), 'ok')
    assert.equal(await verdict(join(folder, 'not/there/yet')), 'ok')
    assert.equal(await verdict(join(folder, 'kubeconfig')), 'missing', 'a file is not a directory')
    assert.equal(await verdict('/proc/1'), 'missing')
    assert.deepEqual(await readdir(folder), before)
  })

  it('ends with its signal, and calls what it could not ask unreachable', async () => {
    aws.fail('*', 'hang')
    const { config } = parseConfig(
      JSON.stringify({
        clusters: [{ name: 'prod', load_balancers: [{ region: 'us-west-2', endpoint: aws.endpoint, names: ['a'] }] }],
      }),
      'config.yaml',
    )
    const startedAt = Date.now()
    const deps = { signals, dns, clock: systemClock, signal: AbortSignal.timeout(300) }
    const found = await checkPermissions(config, deps)
    assert.ok(Date.now() - startedAt < 5_000)
    assert.deepEqual(lines(found, 'unreachable'), [ofAws[1], ofAws[2], ofAws[4]])
  })
})
