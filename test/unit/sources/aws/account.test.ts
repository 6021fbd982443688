import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { after, afterEach, before, beforeEach, describe, it } from 'node:test'
import type { FailureReason, Poll } from '../../../../exporter/core/poll.ts'
import { openAccount } from '../../../../exporter/sources/aws/account.ts'
import type { AwsAccount, AwsAccountOptions, AwsRun } from '../../../../exporter/sources/aws/types.ts'
import { LabAws, type LabAwsFault, type LabLoadBalancer } from '../../../lab/aws-server.ts'

process.env.AWS_ACCESS_KEY_ID = 'AKIALABUSER'
process.env.AWS_SECRET_ACCESS_KEY = 'a-secret-that-no-message-shows'
process.env.AWS_EC2_METADATA_DISABLED = 'true'
process.env.AWS_CONFIG_FILE = process.env.AWS_SHARED_CREDENTIALS_FILE = '/dev/null'

/** Client and server share a process, which may be without CPU for a moment. */
const limits = { requestTimeoutMs: 5_000, callTimeoutMs: 20_000 }
const never = new AbortController().signal

let lab: LabAws
let attempts: string[] = []
const opened: AwsAccount[] = []

function open(options: Partial<AwsAccountOptions> = {}): AwsAccount {
  const counted = attempts
  const account = openAccount({
    region: 'us-west-2',
    endpoint: lab.endpoint,
    now: () => 1_000,
    onAttempt: ({ service, operation, code }) => counted.push(`${service} ${operation} ${code}`),
    addressesOf: async (hostname) => [hostname],
    ...options,
    limits: { ...limits, ...options.limits },
  })
  opened.push(account)
  return account
}

function run(options?: Partial<AwsAccountOptions>): AwsRun {
  return open(options).run(never)
}

function snapshot<T>(poll: Poll<T>): T {
  assert.ok(poll.ok, poll.ok ? '' : poll.failure.message)
  return poll.snapshot
}

function failure(poll: Poll<unknown>): { reason: FailureReason; message: string } {
  assert.ok(!poll.ok, 'the poll failed')
  assert.doesNotMatch(poll.failure.message, /that-no-message-shows|AKIALABUSER|Signature=/i)
  return poll.failure
}

function loadBalancer(name: string, type: LabLoadBalancer['type'] = 'classic'): LabLoadBalancer {
  return { name, type, scheme: 'internal', dnsName: `${name}.elb.test` }
}

before(async () => {
  lab = await LabAws.start()
})

beforeEach(() => {
  attempts = []
  lab.resetCalls()
})

afterEach(() => {
  for (const account of opened.splice(0)) account.close()
  lab.clearFaults()
  lab.clear()
  lab.pageLimit = 400
})

after(() => lab.close())

describe('an AWS account', () => {
  it('imports the client of EC2 only when network interfaces are asked for, since it costs 65 MB', async () => {
    const loaded = () => Object.keys(createRequire(import.meta.url).cache).some((file) => file.includes('client-ec2'))
    const asked = run()
    snapshot(await asked.listClassic())
    snapshot(await asked.listV2())
    assert.equal(loaded(), false)
    snapshot(await asked.interfaces(['ELB k8s-api']))
    assert.equal(loaded(), true)
  })

  it('lists every page of both kinds, asks for large pages, and counts each request', async () => {
    lab.pageLimit = 2
    lab.put(...['a', 'b', 'c', 'd', 'e'].map((name) => loadBalancer(name)))
    lab.put(loadBalancer('f', 'application'), loadBalancer('g', 'network'), loadBalancer('h', 'network'))
    const asked = run()
    const classic = snapshot(await asked.listClassic())
    assert.equal(lab.lastCall('elb:DescribeLoadBalancers')?.get('PageSize'), '400')
    const others = snapshot(await asked.listV2())
    assert.equal(classic.map(({ name }) => name).join(), 'a,b,c,d,e')
    assert.equal(others.map(({ name, type }) => `${type}/${name}`).join(), 'application/f,network/g,network/h')
    assert.deepEqual(attempts, [
      ...Array.from({ length: 3 }, () => 'elb DescribeLoadBalancers OK'),
      ...Array.from({ length: 2 }, () => 'elbv2 DescribeLoadBalancers OK'),
    ])
  })

  it('reads what the exporter needs of a load balancer', async () => {
    lab.put(loadBalancer('k8s-api'), {
      ...loadBalancer('edge', 'network'),
      scheme: 'internet-facing',
      ipAddressType: 'dualstack',
      zoneAddresses: [{ zone: 'us-west-2a', address: '192.0.2.10' }],
    })
    const asked = run()
    assert.deepEqual(snapshot(await asked.listClassic()), [
      {
        id: 'k8s-api',
        name: 'k8s-api',
        type: 'classic',
        scheme: 'internal',
        dnsName: 'k8s-api.elb.test',
        dualstack: false,
        interfaceDescription: 'ELB k8s-api',
        zoneAddresses: [],
      },
    ])
    const [edge] = snapshot(await asked.listV2())
    assert.match(
      edge?.id ?? '',
      /^arn:aws:elasticloadbalancing:us-west-2:111122223333:loadbalancer\/net\/edge\/\w{16}$/,
    )
    assert.match(edge?.interfaceDescription ?? '', /^ELB net\/edge\/\w{16}$/)
    assert.equal(edge?.dualstack, true)
    assert.deepEqual(edge?.zoneAddresses, [{ address: '192.0.2.10', zone: 'us-west-2a' }])
  })

  it('takes an empty list as an account without load balancers', async () => {
    const asked = run()
    assert.deepEqual(snapshot(await asked.listClassic()), [])
    assert.deepEqual(snapshot(await asked.listV2()), [])
    assert.deepEqual(snapshot(await asked.interfaces(['ELB k8s-api'])), [])
  })

  const everywhere = /(elasticloadbalancing:DescribeLoadBalancers|ec2:DescribeNetworkInterfaces) in us-west-2/
  const faults: readonly (readonly [LabAwsFault, FailureReason, string, RegExp])[] = [
    ['access-denied', 'denied', 'AccessDenied', /role\/reader\/lab: grant it to the role, see deploy\/iam-policy.json/],
    ['expired-token', 'expired', 'ExpiredToken', /^ExpiredToken on .*renew the credentials/],
    ['error-500', 'server', 'InternalFailure', /^InternalFailure \(HTTP 500\)/],
    ['error-503', 'server', 'ServiceUnavailable', /^ServiceUnavailable \(HTTP 503\)/],
    ['html-502', 'server', '502', /^HTTP 502 without an error of AWS/],
    ['html', 'malformed', 'malformed', /^An answer that is no XML of AWS/],
    ['half-body', 'malformed', 'malformed', /check `endpoint` and proxies/],
    ['empty', 'malformed', 'OK', /^An answer without LoadBalancerDescriptions/],
    ['missing-list', 'malformed', 'OK', /^An answer without LoadBalancerDescriptions/],
    ['repeated-marker', 'malformed', 'OK', /^Pages that name each other in a circle/],
    ['reset', 'network', 'network', /^ECONNRESET/],
    ['hang', 'timeout', 'timeout', /check routes and firewalls/],
    ['slow-body', 'timeout', 'timeout', /^No answer in 700 ms/],
  ]
  for (const [fault, reason, code, message] of faults) {
    it(`tells ${fault} as ${reason}, never as an empty list`, async () => {
      lab.put(loadBalancer('a'))
      lab.fail('*', fault)
      const impatient = { hang: { requestTimeoutMs: 300 }, 'slow-body': { callTimeoutMs: 700 } }
      const failed = failure(await run({ limits: Reflect.get(impatient, fault) ?? {} }).listClassic())
      assert.equal(failed.reason, reason)
      assert.match(failed.message, message)
      assert.match(failed.message, everywhere)
      const codes = new Set(attempts.map((attempt) => attempt.split(' ')[2]))
      if (fault !== 'slow-body') assert.deepEqual([...codes], [code])
    })
  }

  it('tells throttling of ELB and of EC2 as throttled', async () => {
    lab.fail('*', 'throttle')
    const polls = await Promise.all([run().listClassic(), run().interfaces(['ELB a'])])
    assert.deepEqual(
      polls.map(failure).map(({ reason }) => reason),
      ['throttled', 'throttled'],
    )
    assert.match(failure(polls[0]).message, /^Throttling on elasticloadbalancing:DescribeLoadBalancers in us-west-2/)
    assert.match(failure(polls[1]).message, /^RequestLimitExceeded \(HTTP 503\) on ec2:DescribeNetworkInterfaces/)
    assert.deepEqual([...new Set(attempts)].sort(), [
      'ec2 DescribeNetworkInterfaces RequestLimitExceeded',
      'elb DescribeLoadBalancers Throttling',
    ])
  })

  it('tells a refused connection as network', async () => {
    const gone = await LabAws.start()
    const { endpoint } = gone
    await gone.close()
    const failed = failure(await run({ endpoint }).listV2())
    assert.equal(failed.reason, 'network')
    assert.match(failed.message, /^ECONNREFUSED on elasticloadbalancing:DescribeLoadBalancers/)
  })

  it('tries a call of a failing server three times', async () => {
    lab.fail('elb:DescribeLoadBalancers', 'error-503', 2)
    snapshot(await run().listClassic())
    assert.equal(lab.calls(), 3)
  })

  it('still retries after a failure so long that it emptied the retry quota of a client', async () => {
    const account = open()
    lab.fail('*', 'error-503')
    for (let round = 0; round < 20; round += 1) failure(await account.run(never).listClassic())
    assert.equal(lab.calls(), 60)
    lab.fail('*', 'error-503', 2)
    snapshot(await account.run(never).listClassic())
  })

  it('ends a call when its run ends', async () => {
    lab.fail('*', 'hang')
    const aborter = new AbortController()
    const asked = open({ limits: { requestTimeoutMs: 60_000, callTimeoutMs: 60_000 } }).run(aborter.signal)
    setTimeout(() => aborter.abort(), 50)
    assert.match(failure(await asked.listClassic()).message, /^The run ended before an answer/)
  })

  it('sends no more requests than a run may, and says so', async () => {
    lab.pageLimit = 1
    lab.put(...['a', 'b', 'c', 'd'].map((name) => loadBalancer(name)))
    const account = open({ limits: { requestsPerRun: 3 } })
    const failed = failure(await account.run(never).listClassic())
    assert.equal(failed.reason, 'limit')
    assert.match(failed.message, /^The requests of this run are used up on elasticloadbalancing:DescribeLoadBalancers/)
    assert.equal(lab.calls(), 3)
    lab.pageLimit = 400
    snapshot(await account.run(never).listClassic())
  })

  it('keeps a connection between two calls and closes it when it is idle', async () => {
    const kept = open()
    const before = lab.connections
    snapshot(await kept.run(never).listClassic())
    snapshot(await kept.run(never).listV2())
    assert.equal(lab.connections - before, 1)
    const idle = open({ limits: { idleMs: 200 } })
    snapshot(await idle.run(never).listClassic())
    await new Promise((resolve) => setTimeout(resolve, 1_000))
    snapshot(await idle.run(never).listClassic())
    assert.equal(lab.connections - before, 3)
  })
})
