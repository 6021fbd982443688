/** What deploy/ grants is what the code asks, no more and no less. */
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { describe, it } from 'node:test'
import { parseAllDocuments } from 'yaml'
import { systemClock } from '../../../exporter/service/clock.ts'
import { checkAccess } from '../../../exporter/signals/elb/access.ts'
import type { LoadBalancerOptions } from '../../../exporter/signals/elb/options.ts'
import { rights as ofHeartbeats } from '../../../exporter/signals/heartbeats/access.ts'
import { rights as ofNodes } from '../../../exporter/signals/nodes/access.ts'
import { noDns } from '../signals/deps.ts'
import { World } from '../signals/elb/world.ts'

const deploy = resolve(import.meta.dirname, '../../../deploy')

interface Statement {
  readonly Sid: string
  readonly Effect: string
  readonly Action: readonly string[]
  readonly Resource: string
}

const policy: { Statement: readonly Statement[] } = JSON.parse(
  await readFile(resolve(deploy, 'iam-policy.json'), 'utf8'),
)
const everyAction = new Set(policy.Statement.flatMap(({ Action }) => Action))
const types = ['classic', 'application', 'network'] as const
const everything = {
  types,
  tags: { a: 'b' },
  interfaces: true,
  roleArn: 'arn:aws:iam::111122223333:role/elb-churn-exporter',
}

/** What a config asks, and the statements that are said to be enough for it. */
const features: readonly (readonly [string, Partial<LoadBalancerOptions>, readonly string[]])[] = [
  ['classic load balancers', { types: ['classic'] }, ['ClassicLoadBalancers']],
  ['application and network ones', { types: ['application', 'network'] }, ['ApplicationAndNetworkLoadBalancers']],
  ['tags', { types: ['network'], tags: { a: 'b' } }, ['ApplicationAndNetworkLoadBalancers', 'SearchByTags']],
  ['tags of classic ones', { types: ['classic'], tags: { a: 'b' } }, ['ClassicLoadBalancers', 'SearchByTags']],
  ['interfaces', { types: ['classic'], interfaces: true }, ['ClassicLoadBalancers', 'NetworkInterfaces']],
  ['a role', { types: ['classic'], roleArn: everything.roleArn }, ['ClassicLoadBalancers', 'AssumeRole']],
]

async function worldOf(options: Partial<LoadBalancerOptions>): Promise<World> {
  const world = await World.open({ names: [], ...options, ...(options.tags === undefined && { names: ['k8s-api'] }) })
  for (const type of options.types ?? []) {
    world.put('k8s-api', { type, tags: { a: 'b' }, interfaces: [{ address: '10.0.0.1', zone: 'us-west-2a' }] })
  }
  return world
}

describe('the IAM policy', () => {
  it('allows exactly the actions that the collector asks with all of its features on', async () => {
    await using world = await worldOf(everything)
    const failures = await world.discover()
    assert.deepEqual(
      failures.filter(({ message }) => !message.startsWith('DNS')),
      [],
    )
    assert.deepEqual([...world.lab.iam.asked].sort(), [...everyAction].sort())
  })

  it('allows exactly the actions that the check of permissions tries', async () => {
    await using world = await worldOf(everything)
    const entry = { ...everything, region: 'us-west-2', endpoint: world.lab.endpoint, resolvers: [], names: [] }
    const deps = { clock: systemClock, dns: noDns, signal: AbortSignal.timeout(10_000) }
    const found = await checkAccess([entry], { ...deps, turn: (work) => work() })
    assert.deepEqual(new Set(found.map(({ call }) => call)), everyAction)
    assert.deepEqual(world.lab.iam.asked, everyAction)
  })

  for (const [feature, options, sids] of features) {
    it(`needs for ${feature} no statement but ${sids.join(' and ')}, and each of them`, async () => {
      const statements = policy.Statement.filter(({ Sid }) => sids.includes(Sid))
      assert.equal(statements.length, sids.length)
      for (const without of [undefined, ...statements]) {
        await using world = await worldOf(options)
        const rest = statements.filter((statement) => statement !== without)
        world.lab.iam.allowed = new Set(rest.flatMap(({ Action }) => Action))
        const denied = (await world.discover()).filter(({ reason }) => reason === 'denied')
        if (without === undefined) assert.deepEqual(denied, [])
        else assert.equal(denied.length > 0, true, `it works without ${without.Sid}`)
      }
    })
  }

  it('only reads, grants no wildcard of actions, and roles by one name alone', () => {
    for (const { Sid, Effect, Action, Resource } of policy.Statement) {
      assert.equal(Effect, 'Allow')
      for (const action of Action) assert.match(action, /^(elasticloadbalancing|ec2):Describe\w+$|^sts:AssumeRole$/)
      // None of the Describe actions knows resources (Service Authorization Reference).
      assert.equal(Resource, Sid === 'AssumeRole' ? 'arn:aws:iam::*:role/elb-churn-exporter' : '*')
    }
  })
})

describe('the roles of deploy/rbac.yaml', () => {
  it('allow exactly what the collectors of nodes and heartbeats ask', async () => {
    const documents = parseAllDocuments(await readFile(resolve(deploy, 'rbac.yaml'), 'utf8'))
    const granted = documents.flatMap((document) => {
      const { kind, metadata, rules = [] } = document.toJS()
      const namespace = kind === 'Role' ? { namespace: metadata.namespace } : {}
      return rules.flatMap(({ apiGroups, resources, verbs }: Record<string, string[]>) =>
        (verbs ?? []).map((verb) => ({ verb, group: apiGroups?.join(), resource: resources?.join(), ...namespace })),
      )
    })
    assert.deepEqual(granted, [...ofNodes, ...ofHeartbeats])
  })
})
