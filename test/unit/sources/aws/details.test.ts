import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, beforeEach, describe, it } from 'node:test'
import type { Poll } from '../../../../exporter/core/poll.ts'
import { openAccount } from '../../../../exporter/sources/aws/account.ts'
import type { AwsAccount, AwsAccountOptions } from '../../../../exporter/sources/aws/types.ts'
import { LabAws, type LabLoadBalancer } from '../../../lab/aws-server.ts'

process.env.AWS_ACCESS_KEY_ID = 'AKIALABUSER'
process.env.AWS_SECRET_ACCESS_KEY = 'lab'
process.env.AWS_EC2_METADATA_DISABLED = 'true'
process.env.AWS_CONFIG_FILE = process.env.AWS_SHARED_CREDENTIALS_FILE = '/dev/null'

const never = new AbortController().signal
let lab: LabAws
let attempts: string[] = []

async function withAccount(options: Partial<AwsAccountOptions>, work: (account: AwsAccount) => Promise<void>) {
  const account = openAccount({
    region: 'us-west-2',
    endpoint: lab.endpoint,
    now: () => 1_000,
    onAttempt: ({ service, operation, code }) => attempts.push(`${service} ${operation} ${code}`),
    addressesOf: async (hostname) => [hostname],
    limits: { requestTimeoutMs: 5_000, callTimeoutMs: 20_000 },
    ...options,
  })
  try {
    await work(account)
  } finally {
    account.close()
  }
}

function snapshot<T>(poll: Poll<T>): T {
  assert.ok(poll.ok, poll.ok ? '' : poll.failure.message)
  return poll.snapshot
}

function message(poll: Poll<unknown>): string {
  return poll.ok ? 'no failure' : `${poll.failure.reason}: ${poll.failure.message}`
}

before(async () => {
  lab = await LabAws.start()
})

beforeEach(() => {
  lab.clear()
  lab.clearFaults()
  lab.resetCalls()
  attempts = []
})

after(() => lab.close())

function named(count: number, type: LabLoadBalancer['type']): LabLoadBalancer[] {
  return Array.from({ length: count }, (_, index) => ({
    name: `lb-${index}`,
    type,
    scheme: 'internal',
    dnsName: `lb-${index}.elb.test`,
    tags: { number: String(index), owner: 'a & b' },
  }))
}

describe('tags', () => {
  for (const type of ['classic', 'application'] as const) {
    it(`come for 20 ${type} load balancers in one call, and one that was deleted meanwhile is left out`, async () => {
      lab.put(...named(20, type))
      await withAccount({}, async (account) => {
        const run = account.run(never)
        const listed = snapshot(await (type === 'classic' ? run.listClassic() : run.listV2()))
        const all = snapshot(await run.tags(listed))
        assert.equal(all.size, 20)
        assert.deepEqual(all.get(listed.find(({ name }) => name === 'lb-7')?.id ?? ''), { number: '7', owner: 'a & b' })
        assert.equal(lab.calls(), 2)
        lab.remove(type, 'lb-7')
        const rest = snapshot(await run.tags(listed))
        assert.equal(rest.size, 19)
        assert.ok(lab.calls() <= 14, `${lab.calls()} calls`)
      })
    })
  }
})

describe('instance states', () => {
  it('come by one call for each classic load balancer', async () => {
    const [lb] = named(1, 'classic')
    assert.ok(lb)
    lab.put({
      ...lb,
      instances: [
        { id: 'i-1', state: 'InService' },
        { id: 'i-2', state: 'OutOfService' },
      ],
    })
    await withAccount({}, async (account) => {
      assert.deepEqual(snapshot(await account.run(never).instanceStates('lb-0')), ['InService', 'OutOfService'])
      assert.match(message(await account.run(never).instanceStates('nobody')), /^not_found: LoadBalancerNotFound on/)
    })
  })
})

describe('network interfaces', () => {
  it('come page by page for any number of descriptions, with canonical addresses', async () => {
    const owners = named(250, 'network').map((lb, index): LabLoadBalancer => {
      const third = Math.floor(index / 250)
      const owned = { address: `10.0.${third}.${index}`, zone: 'us-west-2a', publicAddress: `198.51.100.${index}` }
      return { ...lb, interfaces: [{ ...owned, ipv6Address: `2001:DB8:0:0::${index.toString(16)}` }] }
    })
    lab.put(...owners)
    lab.pageLimit = 100
    await withAccount({}, async (account) => {
      const run = account.run(never)
      const descriptions = snapshot(await run.listV2()).map((lb) => lb.interfaceDescription)
      const found = snapshot(await run.interfaces(descriptions))
      assert.equal(found.length, 250)
      assert.equal(lab.calls('ec2:DescribeNetworkInterfaces'), 3)
      assert.match(found[0]?.description ?? '', /^ELB net\/lb-0\//)
      assert.deepEqual(
        { ...found[0], description: '' },
        {
          description: '',
          zone: 'us-west-2a',
          privateAddresses: ['10.0.0.0'],
          publicAddresses: ['198.51.100.0'],
          ipv6Addresses: ['2001:db8::'],
        },
      )
      assert.deepEqual(snapshot(await run.interfaces(['ELB nobody'])), [])
    })
  })
})

describe('credentials', () => {
  const roleArn = 'arn:aws:iam::111122223333:role/reader'

  it('of the default chain sign the calls', async () => {
    await withAccount({}, async (account) => {
      snapshot(await account.run(never).listClassic())
      assert.equal(lab.lastAccessKey('elb:DescribeLoadBalancers'), 'AKIALABUSER')
    })
  })

  it('of a role are got once at the same endpoint and used by all clients and runs', async () => {
    await withAccount({ roleArn }, async (account) => {
      snapshot(await account.run(never).listClassic())
      snapshot(await account.run(never).listV2())
      lab.fail('elb:DescribeLoadBalancers', 'error-503', 3)
      assert.match(message(await account.run(never).listClassic()), /^server:/)
      snapshot(await account.run(never).listClassic())
      assert.equal(lab.calls('sts:AssumeRole'), 1)
      assert.equal(lab.lastCall('sts:AssumeRole')?.get('RoleArn'), roleArn)
      assert.equal(lab.lastCall('sts:AssumeRole')?.get('RoleSessionName'), 'elb-churn-exporter')
      assert.equal(lab.lastAccessKey('sts:AssumeRole'), 'AKIALABUSER')
      assert.equal(lab.lastAccessKey('elbv2:DescribeLoadBalancers'), 'ASIALABROLE')
      assert.equal(lab.lastAccessKey('elb:DescribeLoadBalancers'), 'ASIALABROLE')
      assert.equal(attempts[0], 'sts AssumeRole OK')
    })
  })

  it('of a role are got anew after AWS took them for expired', async () => {
    await withAccount({ roleArn }, async (account) => {
      snapshot(await account.run(never).listClassic())
      lab.fail('elb:DescribeLoadBalancers', 'expired-token', 1)
      assert.match(message(await account.run(never).listClassic()), /^expired: ExpiredToken/)
      snapshot(await account.run(never).listClassic())
      assert.equal(lab.calls('sts:AssumeRole'), 2)
    })
  })

  it('of a role that may not be assumed are a failure that names the role, and work once they are granted', async () => {
    await withAccount({ roleArn }, async (account) => {
      lab.fail('sts:AssumeRole', 'access-denied')
      const failed = message(await account.run(never).listClassic())
      assert.match(
        failed,
        /^denied: AccessDenied on sts:AssumeRole of arn:aws:iam::111122223333:role\/reader in us-west-2/,
      )
      assert.match(failed, /trust policy/)
      assert.deepEqual(attempts, ['sts AssumeRole AccessDenied'])
      lab.clearFaults()
      snapshot(await account.run(never).listClassic())
    })
  })

  it('that nobody gives are told with what to do', async () => {
    const { AWS_ACCESS_KEY_ID: key } = process.env
    delete process.env.AWS_ACCESS_KEY_ID
    try {
      await withAccount({}, async (account) => {
        const failed = message(await account.run(never).listClassic())
        assert.match(failed, /^expired: No AWS credentials found .*: renew the credentials: a role/)
        assert.equal(lab.calls(), 0)
      })
    } finally {
      process.env.AWS_ACCESS_KEY_ID = key
    }
  })

  for (const [whose, options] of [
    ['this account', {}],
    ['the caller of a role', { roleArn }],
  ] as const) {
    it(`of ${whose} in a file are read anew after AWS took them for expired`, async (t) => {
      const { AWS_ACCESS_KEY_ID: key, AWS_SHARED_CREDENTIALS_FILE: file } = process.env
      const folder = await mkdtemp(join(tmpdir(), 'aws-credentials-'))
      const renewed = join(folder, 'credentials')
      t.after(async () => {
        process.env.AWS_ACCESS_KEY_ID = key
        process.env.AWS_SHARED_CREDENTIALS_FILE = file
        await rm(folder, { recursive: true })
      })
      delete process.env.AWS_ACCESS_KEY_ID
      process.env.AWS_SHARED_CREDENTIALS_FILE = renewed
      const write = (id: string) =>
        writeFile(renewed, `[default]\naws_access_key_id = ${id}\naws_secret_access_key = lab-secret\n`)
      const asked = 'roleArn' in options ? 'sts:AssumeRole' : 'elb:DescribeLoadBalancers'
      await write('AKIALABOLD')
      await withAccount(options, async (account) => {
        snapshot(await account.run(never).listClassic())
        assert.equal(lab.lastAccessKey(asked), 'AKIALABOLD')
        lab.fail('elb:DescribeLoadBalancers', 'expired-token', 1)
        await write('AKIALABNEW')
        assert.match(message(await account.run(never).listClassic()), /^expired: ExpiredToken/)
        snapshot(await account.run(never).listClassic())
        assert.equal(lab.lastAccessKey(asked), 'AKIALABNEW')
      })
    })
  }

  it('that hang end with the deadline of the call', async () => {
    lab.fail('sts:AssumeRole', 'hang')
    const limits = { requestTimeoutMs: 5_000, callTimeoutMs: 150 }
    await withAccount({ roleArn, limits }, async (account) => {
      assert.match(message(await account.run(never).listClassic()), /^timeout: No answer in 150 ms/)
    })
  })
})
