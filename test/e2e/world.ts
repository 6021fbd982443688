/** The smallest world that has all three signals: a load balancer, its names in DNS, a cluster of nodes. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { LabAws } from '../lab/aws-server.ts'
import { LabDns } from '../lab/dns-server.ts'
import { LabKubernetes } from '../lab/kubernetes-server.ts'
import { Exporter, type ExporterOptions } from './exporter.ts'

export const elbName = 'k8s-api-1234567890.us-west-2.elb.amazonaws.com'
export const apiName = 'api.prod.example.com'

const everySecond = '* * * * * *'
export const fastSchedules = { dns: everySecond, load_balancers: everySecond }
export const awsCredentials = { AWS_ACCESS_KEY_ID: 'lab', AWS_SECRET_ACCESS_KEY: 'lab-secret-key' }

export class World {
  readonly dns: LabDns
  readonly aws: LabAws
  readonly kubernetes: LabKubernetes
  readonly folder: string
  readonly exporters: Exporter[] = []

  private constructor(dns: LabDns, aws: LabAws, kubernetes: LabKubernetes, folder: string) {
    this.dns = dns
    this.aws = aws
    this.kubernetes = kubernetes
    this.folder = folder
  }

  /** A classic load balancer with the addresses, a name in front of it, and `nodes` ready nodes in two zones. */
  static async start(addresses: readonly string[] = ['10.0.0.1', '10.0.0.2'], nodes = 4): Promise<World> {
    const folder = await mkdtemp(join(tmpdir(), 'world-'))
    const dns = await LabDns.start()
    const aws = await LabAws.start()
    const kubernetes = await LabKubernetes.start({ token: 'lab-bearer-token' })
    const world = new World(dns, aws, kubernetes, folder)
    world.setAddresses(addresses)
    dns.set(apiName, 'CNAME', [elbName])
    aws.put({ name: 'k8s-api', type: 'classic', scheme: 'internal', dnsName: elbName })
    for (let index = 0; index < nodes; index++) {
      const zone = `us-west-2${'ab'[index % 2]}`
      kubernetes.cluster.addNode(`node-${index}`, { labels: { 'topology.kubernetes.io/zone': zone } })
    }
    await kubernetes.writeKubeconfig(join(folder, 'kubeconfig'))
    return world
  }

  /** The load balancer's name answers as AWS does: rotating, 8 at most. */
  setAddresses(addresses: readonly string[]): void {
    this.dns.set(elbName, 'A', addresses, { rotate: true, limit: 8, ttl: 60 })
  }

  config(sections: readonly ('nodes' | 'load_balancers' | 'dns')[] = ['nodes', 'load_balancers', 'dns']): object {
    const resolvers = [this.dns.address]
    const all = {
      nodes: { kubeconfig: join(this.folder, 'kubeconfig'), group_by: ['topology.kubernetes.io/zone'] },
      load_balancers: [
        { region: 'us-west-2', endpoint: this.aws.endpoint, resolvers, names: ['k8s-api'], types: ['classic'] },
      ],
      dns: { resolvers, names: [{ hostname: apiName }] },
    }
    const wanted = Object.fromEntries(sections.map((section) => [section, all[section]]))
    return { schedules: fastSchedules, clusters: [{ name: 'prod', ...wanted }] }
  }

  async exporter(options: ExporterOptions = {}): Promise<Exporter> {
    const env = { ...awsCredentials, ...options.env }
    const exporter = await Exporter.start({ config: this.config(), ...options, env })
    this.exporters.push(exporter)
    return exporter
  }

  async close(): Promise<void> {
    await Promise.all(this.exporters.map((exporter) => exporter.stop('SIGKILL')))
    await Promise.all([this.dns.close(), this.aws.close(), this.kubernetes.close()])
    await rm(this.folder, { recursive: true, force: true })
  }
}

/** Time for some polls of the fast schedules to have come and gone. */
export async function polls(count: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, count * 1_000 + 300))
}
