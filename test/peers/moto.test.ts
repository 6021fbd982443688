/**
 * The sources for AWS against moto, which nobody here wrote. moto does not model the network interfaces of load
 * balancers and their addresses in a zone, pages of network interfaces, throttling and expired credentials; its network
 * load balancers have ARNs of application ones. The lab's own server stands in for these.
 */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import {
  CreateNetworkInterfaceCommand,
  CreateSubnetCommand,
  CreateVpcCommand,
  EC2Client,
  RunInstancesCommand,
  StopInstancesCommand,
} from '@aws-sdk/client-ec2'
import {
  CreateLoadBalancerCommand as CreateClassicCommand,
  DeleteLoadBalancerCommand as DeleteClassicCommand,
  ElasticLoadBalancingClient,
  RegisterInstancesWithLoadBalancerCommand,
} from '@aws-sdk/client-elastic-load-balancing'
import {
  CreateLoadBalancerCommand,
  DeleteLoadBalancerCommand,
  DescribeLoadBalancersCommand,
  ElasticLoadBalancingV2Client,
} from '@aws-sdk/client-elastic-load-balancing-v2'
import { create } from '../../exporter/signals/elb/collector.ts'
import { elbMetrics } from '../../exporter/signals/elb/metrics.ts'
import type { LoadBalancerOptions } from '../../exporter/signals/elb/options.ts'
import { Moto } from '../lab/moto.ts'
import { type MemoryDeps, memoryDeps, runContext } from '../unit/signals/deps.ts'
import { StubDns } from '../unit/signals/elb/stub-dns.ts'

process.env.AWS_ACCESS_KEY_ID = 'moto'
process.env.AWS_SECRET_ACCESS_KEY = 'moto'
process.env.AWS_EC2_METADATA_DISABLED = 'true'

const region = 'us-west-2'
const tags = { KubernetesCluster: 'prod', tier: 'api' }
const listener = { Protocol: 'tcp', LoadBalancerPort: 443, InstancePort: 443 }
const tagList = Object.entries(tags).map(([Key, Value]) => ({ Key, Value }))

let moto: Moto
let classic: ElasticLoadBalancingClient
let v2: ElasticLoadBalancingV2Client
let ec2: EC2Client
let subnets: string[]

async function putClassic(name: string, tagged = false): Promise<void> {
  await classic.send(
    new CreateClassicCommand({
      LoadBalancerName: name,
      Listeners: [listener],
      Subnets: subnets,
      Scheme: 'internal',
      ...(tagged ? { Tags: tagList } : {}),
    }),
  )
}

async function putV2(name: string, type: 'application' | 'network', tagged = false): Promise<void> {
  const command = { Name: name, Type: type, Subnets: subnets, Scheme: 'internal' as const }
  await v2.send(new CreateLoadBalancerCommand({ ...command, ...(tagged ? { Tags: tagList } : {}) }))
}

class Watch {
  readonly memory: MemoryDeps
  readonly #collector: ReturnType<typeof create>

  constructor(options: Partial<LoadBalancerOptions>) {
    const dns = new StubDns(() => 0)
    this.memory = memoryDeps({ tables: [elbMetrics], dns })
    const types = ['classic', 'application', 'network'] as const
    const entry = {
      region,
      resolvers: ['system'],
      names: [],
      tags: {},
      types,
      interfaces: false,
      endpoint: moto.endpoint,
    }
    this.#collector = create([{ ...entry, ...options }], this.memory.deps)
  }

  async discover() {
    const [task] = this.#collector.tasks
    assert.ok(task?.kind === 'scheduled')
    return await task.run(runContext())
  }

  async series(metric: string): Promise<string[]> {
    const lines = (await this.memory.store.render()).split('\n')
    return lines.filter((line) => line.startsWith(`elbchurn_${metric}{`)).sort()
  }

  async names(): Promise<string[]> {
    return (await this.series('elb_info')).map((line) => /load_balancer="([^"]+)"/.exec(line)?.[1] ?? '')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#collector.stop()
  }
}

before(async () => {
  moto = await Moto.start()
  const config = { region, endpoint: moto.endpoint }
  classic = new ElasticLoadBalancingClient(config)
  v2 = new ElasticLoadBalancingV2Client(config)
  ec2 = new EC2Client(config)
  const { Vpc } = await ec2.send(new CreateVpcCommand({ CidrBlock: '10.0.0.0/16' }))
  subnets = []
  for (const [index, zone] of ['us-west-2a', 'us-west-2b'].entries()) {
    const where = { VpcId: Vpc?.VpcId ?? '', CidrBlock: `10.0.${index}.0/24`, AvailabilityZone: zone }
    const { Subnet } = await ec2.send(new CreateSubnetCommand(where))
    subnets.push(Subnet?.SubnetId ?? '')
  }
  await putClassic('k8s-api')
  await putClassic('classic-tagged', true)
  await putClassic('classic-other')
  await putV2('alb-tagged', 'application', true)
  await putV2('alb-other', 'application')
  await putV2('nlb-tagged', 'network', true)
})

after(async () => {
  for (const client of [classic, v2, ec2]) client.destroy()
  await moto.close()
})

describe('discovery at moto', () => {
  it('finds load balancers of all types by name and by tag', async () => {
    await using watch = new Watch({ names: ['k8s-api'], tags })
    assert.deepEqual(await watch.discover(), [])
    assert.deepEqual(await watch.names(), ['alb-tagged', 'classic-tagged', 'k8s-api', 'nlb-tagged'])
    const info = (await watch.series('elb_info')).join('\n')
    assert.match(
      info,
      /"nlb-tagged",dns_name="nlb-tagged-\d+[^"]*",scheme="internal",type="network",region="us-west-2"/,
    )
  })

  it('wants every tag of an entry', async () => {
    await using watch = new Watch({ tags: { ...tags, tier: 'web' } })
    assert.deepEqual(await watch.discover(), [])
    assert.deepEqual(await watch.names(), [])
  })

  it('tells a name that is not there', async () => {
    await using watch = new Watch({ names: ['k8s-api', 'nobody'] })
    assert.deepEqual(
      (await watch.discover()).map(({ reason }) => reason),
      ['not_found'],
    )
    assert.deepEqual(await watch.names(), ['k8s-api'])
  })

  it('works with an assumed role', async () => {
    await using watch = new Watch({ names: ['k8s-api'], roleArn: 'arn:aws:iam::111122223333:role/reader' })
    assert.deepEqual(await watch.discover(), [])
    assert.deepEqual(await watch.names(), ['k8s-api'])
    assert.match(
      (await watch.series('aws_requests_total')).join('\n'),
      /service="sts",operation="AssumeRole",code="OK"} 1/,
    )
  })

  it('counts the instances of a classic load balancer', async () => {
    const started = await ec2.send(new RunInstancesCommand({ ImageId: 'ami-12c6146b', MinCount: 3, MaxCount: 3 }))
    const Instances = (started.Instances ?? []).map(({ InstanceId }) => ({ InstanceId }))
    await classic.send(new RegisterInstancesWithLoadBalancerCommand({ LoadBalancerName: 'k8s-api', Instances }))
    await ec2.send(new StopInstancesCommand({ InstanceIds: [Instances[0]?.InstanceId ?? ''] }))
    await using watch = new Watch({ names: ['k8s-api'], types: ['classic'] })
    assert.deepEqual(await watch.discover(), [])
    assert.match((await watch.series('elb_instances')).join('\n'), /state="InService"} 2\n.*state="OutOfService"} 1\n/)
  })

  it('finds network interfaces by their description', async () => {
    const own = { SubnetId: subnets[1], Description: 'ELB k8s-api', PrivateIpAddress: '10.0.1.77' }
    await ec2.send(new CreateNetworkInterfaceCommand(own))
    await ec2.send(new CreateNetworkInterfaceCommand({ SubnetId: subnets[1], Description: 'ELB k8s-api-2' }))
    await using watch = new Watch({ names: ['k8s-api'], types: ['classic'], interfaces: true })
    assert.deepEqual(await watch.discover(), [])
    assert.match((await watch.series('elb_addresses')).join('\n'), /source="eni"} 1/)
  })

  it('reads every page', async () => {
    for (let index = 0; index < 410; index += 1) await putClassic(`many-${index}`, index === 409)
    await using watch = new Watch({ names: ['many-408'], tags, types: ['classic'] })
    assert.deepEqual(await watch.discover(), [])
    assert.deepEqual(await watch.names(), ['classic-tagged', 'many-408', 'many-409'])
    const requests = (await watch.series('aws_requests_total')).join('\n')
    assert.match(requests, /operation="DescribeLoadBalancers",code="OK"} 2/)
    assert.match(requests, /operation="DescribeTags",code="OK"} 21/)
  })

  it('tells load balancers that disappear, and lets their series go', async () => {
    await using watch = new Watch({ tags })
    assert.deepEqual(await watch.discover(), [])
    const before = await watch.names()
    await classic.send(new DeleteClassicCommand({ LoadBalancerName: 'classic-tagged' }))
    const { LoadBalancers } = await v2.send(new DescribeLoadBalancersCommand({ Names: ['nlb-tagged'] }))
    await v2.send(new DeleteLoadBalancerCommand({ LoadBalancerArn: LoadBalancers?.[0]?.LoadBalancerArn ?? '' }))
    assert.deepEqual(await watch.discover(), [])
    const gone = ['classic-tagged', 'nlb-tagged']
    assert.deepEqual(
      await watch.names(),
      before.filter((name) => !gone.includes(name)),
    )
    assert.deepEqual(watch.memory.changes.map(({ kind, subject }) => `${kind} ${subject}`).sort(), [
      'load_balancer classic-tagged',
      'load_balancer nlb-tagged',
    ])
  })
})
