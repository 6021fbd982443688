/** deploy/iam-policy.json as moto's IAM reads it: the whole is enough, and without an action the check names that one. */
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { after, before, describe, it } from 'node:test'
import { CreateSubnetCommand, CreateVpcCommand, EC2Client } from '@aws-sdk/client-ec2'
import { CreateLoadBalancerCommand, ElasticLoadBalancingV2Client } from '@aws-sdk/client-elastic-load-balancing-v2'
import type { Access } from '../../exporter/core/access.ts'
import { systemClock } from '../../exporter/service/clock.ts'
import { checkAccess } from '../../exporter/signals/elb/access.ts'
import { Moto } from '../lab/moto.ts'
import { noDns } from '../unit/signals/deps.ts'

process.env.AWS_ACCESS_KEY_ID = 'moto'
process.env.AWS_SECRET_ACCESS_KEY = 'moto'
process.env.AWS_EC2_METADATA_DISABLED = 'true'

interface Statement {
  readonly Sid: string
  readonly Action: readonly string[]
}

const policyFile = new URL('../../deploy/iam-policy.json', import.meta.url)
const policy: { readonly Statement: readonly Statement[] } = JSON.parse(await readFile(policyFile, 'utf8'))
const region = 'us-west-2'
const roleArn = 'arn:aws:iam::111122223333:role/elb-churn-exporter'

let moto: Moto

/** A call of the IAM API, for which moto looks at no more of the signature than the service. */
async function iam(parameters: Readonly<Record<string, string>>): Promise<string> {
  const credential = 'Credential=moto/20260101/us-east-1/iam/aws4_request'
  const response = await fetch(moto.endpoint, {
    method: 'POST',
    headers: { authorization: `AWS4-HMAC-SHA256 ${credential}, SignedHeaders=host, Signature=0` },
    body: new URLSearchParams({ Version: '2010-05-08', ...parameters }),
    signal: AbortSignal.timeout(10_000),
  })
  const text = await response.text()
  assert.equal(response.status, 200, text)
  return text
}

/** After so many calls moto looks at permissions. */
async function enforceAfter(calls: number): Promise<void> {
  const options = { method: 'POST', body: String(calls), signal: AbortSignal.timeout(10_000) }
  assert.equal((await fetch(`${moto.endpoint}/moto-api/reset-auth`, options)).status, 200)
}

/** The policy without one action, for the caller and for the role: who has which statement is theirs to settle. */
async function grant(without?: string): Promise<void> {
  const statements = policy.Statement.map((statement) => ({
    ...statement,
    Action: statement.Action.filter((action) => action !== without),
  }))
  const document = JSON.stringify({ ...policy, Statement: statements.filter(({ Action }) => Action.length > 0) })
  await enforceAfter(1_000)
  const named = { PolicyName: 'elb-churn-exporter', PolicyDocument: document }
  await iam({ Action: 'PutUserPolicy', UserName: 'caller', ...named })
  await iam({ Action: 'PutRolePolicy', RoleName: 'elb-churn-exporter', ...named })
  await enforceAfter(0)
}

async function check(): Promise<readonly Access[]> {
  const types = ['classic', 'network'] as const
  const entry = { region, roleArn, endpoint: moto.endpoint, resolvers: [], names: [], tags: { a: 'b' }, types }
  const deps = { clock: systemClock, dns: noDns, signal: AbortSignal.timeout(30_000) }
  return await checkAccess([{ ...entry, interfaces: true }], { ...deps, turn: (work) => work() })
}

function calls(found: readonly Access[], verdict: Access['verdict']): string[] {
  return [...new Set(found.filter((each) => each.verdict === verdict).map(({ call }) => call))].sort()
}

before(async () => {
  moto = await Moto.start()
  const config = { region, endpoint: moto.endpoint }
  const [ec2, v2] = [new EC2Client(config), new ElasticLoadBalancingV2Client(config)]
  const { Vpc } = await ec2.send(new CreateVpcCommand({ CidrBlock: '10.0.0.0/16' }))
  const { Subnet } = await ec2.send(new CreateSubnetCommand({ VpcId: Vpc?.VpcId ?? '', CidrBlock: '10.0.0.0/24' }))
  const lb = { Name: 'nlb', Type: 'network' as const, Subnets: [Subnet?.SubnetId ?? ''] }
  await v2.send(new CreateLoadBalancerCommand(lb))
  ec2.destroy()
  v2.destroy()
  await iam({ Action: 'CreateUser', UserName: 'caller' })
  const trust = {
    Effect: 'Allow',
    Principal: { AWS: 'arn:aws:iam::111122223333:user/caller' },
    Action: 'sts:AssumeRole',
  }
  const AssumeRolePolicyDocument = JSON.stringify({ Version: '2012-10-17', Statement: [trust] })
  await iam({ Action: 'CreateRole', RoleName: 'elb-churn-exporter', AssumeRolePolicyDocument })
  const key = await iam({ Action: 'CreateAccessKey', UserName: 'caller' })
  const part = (name: string) => new RegExp(`<${name}>(.*?)</`).exec(key)?.[1]?.replaceAll('&amp;', '&') ?? ''
  process.env.AWS_ACCESS_KEY_ID = part('AccessKeyId')
  process.env.AWS_SECRET_ACCESS_KEY = part('SecretAccessKey')
})

after(() => moto.close())

describe('the IAM policy at moto', () => {
  const actions = [...new Set(policy.Statement.flatMap(({ Action }) => Action))].sort()

  it('is enough for every call', async () => {
    await grant()
    const found = await check()
    assert.deepEqual(calls(found, 'ok'), actions, JSON.stringify(found))
  })

  for (const action of actions) {
    it(`lacks ${action} where that is taken out, and nothing else`, async () => {
      await grant(action)
      const found = await check()
      assert.deepEqual(calls(found, 'missing'), [action], JSON.stringify(found))
      for (const { verdict } of found) assert.match(verdict, /^(ok|missing|not tried)$/)
    })
  }
})
