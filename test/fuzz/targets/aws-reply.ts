/** What comes back from an AWS endpoint, or from whoever answers in its place: any body with status 200. */
import assert from 'node:assert/strict'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { openAccount } from '../../../exporter/sources/aws/account.ts'
import type { AwsAccount, AwsRun, LoadBalancer } from '../../../exporter/sources/aws/types.ts'
import * as lab from '../../lab/aws-answers.ts'
import type { FuzzTarget } from '../target.ts'

const known: lab.LabLoadBalancer = {
  name: 'api',
  type: 'network',
  scheme: 'internal',
  dnsName: 'api-1.elb.us-west-2.amazonaws.com',
  tags: { KubernetesCluster: 'prod' },
  instances: [{ id: 'i-1', state: 'InService' }],
  interfaces: [{ address: '10.0.0.1', zone: 'us-west-2a', publicAddress: '192.0.2.1', ipv6Address: '2001:db8::1' }],
  zoneAddresses: [{ zone: 'us-west-2a', address: '10.0.0.1' }],
}
const read: LoadBalancer = {
  id: 'api',
  name: 'api',
  type: 'classic',
  scheme: 'internal',
  dnsName: known.dnsName,
  dualstack: false,
  interfaceDescription: 'ELB api',
  zoneAddresses: [],
}

/** Each call of a run, and a whole answer to it. */
const calls: readonly (readonly [(run: AwsRun) => ReturnType<AwsRun[keyof AwsRun]>, string])[] = [
  [(run) => run.listClassic(), lab.answer('elb', 'DescribeLoadBalancers', lab.describeClassic([known], undefined))],
  [(run) => run.listV2(), lab.answer('elbv2', 'DescribeLoadBalancers', lab.describeV2([known], 'next'))],
  [(run) => run.tags([read]), lab.answer('elb', 'DescribeTags', lab.describeTags('elb', [known]))],
  [
    (run) => run.tags([{ ...read, type: 'network' }]),
    lab.answer('elbv2', 'DescribeTags', lab.describeTags('elbv2', [known])),
  ],
  [(run) => run.instanceStates('api'), lab.answer('elb', 'DescribeInstanceHealth', lab.describeInstanceHealth(known))],
  [
    (run) => run.interfaces(['ELB api']),
    lab.answer('ec2', 'DescribeNetworkInterfaces', lab.describeInterfaces(lab.interfacesOf(known), undefined)),
  ],
]
const emptyAnswers = ['', '<html><body>Sign in</body></html>', '<a/>', lab.errorAnswer('elb', 'Throttling', 'slow')]

/** The first byte chooses the call, the rest is the body. A call ends well or as a failed poll, and asks a few times at most. */
export function awsReply(): FuzzTarget {
  let opened: Promise<Endpoint> | undefined
  return {
    name: 'aws-reply',
    seeds: () =>
      [...calls.map(([, body]) => body), ...emptyAnswers].map((body, index) =>
        Buffer.concat([Buffer.from([index % calls.length]), Buffer.from(body)]),
      ),
    async run(data) {
      opened ??= Endpoint.open()
      await (await opened).check((data[0] ?? 0) % calls.length, data.subarray(1))
    },
    async close() {
      await (await opened)?.close()
    },
  }
}

const requestsPerRun = 4

class Endpoint {
  readonly #server: Server
  readonly #account: AwsAccount
  #body: Buffer = Buffer.alloc(0)
  #requests = 0

  static async open(): Promise<Endpoint> {
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    return new Endpoint(server)
  }

  private constructor(server: Server) {
    this.#server = server
    server.unref()
    server.on('request', (request, response) => {
      this.#requests += 1
      request.resume().on('end', () => response.end(this.#body))
    })
    process.env.AWS_ACCESS_KEY_ID = 'lab'
    process.env.AWS_SECRET_ACCESS_KEY = 'lab'
    this.#account = openAccount({
      region: 'us-west-2',
      endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      onAttempt: () => undefined,
      now: () => 1,
      addressesOf: () => Promise.reject(new Error('an address is not looked up')),
      limits: { requestsPerRun },
    })
  }

  async check(index: number, body: Buffer): Promise<void> {
    this.#body = body
    this.#requests = 0
    const call = calls[index]?.[0]
    assert.ok(call !== undefined)
    const poll = await call(this.#account.run(new AbortController().signal))
    assert.ok(this.#requests <= requestsPerRun, 'more requests than a run may send')
    if (!poll.ok) assert.match(poll.failure.message, /\S/, 'a failure is told')
    else for (const item of poll.snapshot) assert.ok(item !== undefined, 'an item that is none')
    // An answer without its list must never be read as "there are none".
    if (body.length === 0 || !body.includes('<')) assert.equal(poll.ok, false, 'nothing was read as an answer')
  }

  async close(): Promise<void> {
    this.#account.close()
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }
}
