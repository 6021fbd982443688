/** The servers of the lab, and how each is told what the world is like now. */
import { join } from 'node:path'
import { LabAws } from './aws-server.ts'
import type { LabRecords } from './dns-records.ts'
import { LabDns } from './dns-server.ts'
import { LabCluster } from './kubernetes/cluster.ts'
import { LabKubernetes } from './kubernetes-server.ts'
import { leaseRenewalMs } from './story/durations.ts'
import type { ScenarioDefaults } from './story/scenario.ts'
import type { World, WorldEvent } from './story/world.ts'

export interface StageOptions {
  readonly folder: string
  readonly defaults: ScenarioDefaults
  readonly scale: number
  /** Length of the image list that pads each node, in bytes. */
  readonly imageBytes: number
  readonly now: () => number
}

const ttlSeconds = 60
const answerLimit = 8
const zoneLabel = 'topology.kubernetes.io/zone'
const token = 'lab-bearer-token'

/** What stands behind the load balancer; nothing happens to them. */
const apiServers = ['i-0a1b2c3d4e5f60718', 'i-0b2c3d4e5f6071829'].map((id) => ({ id, state: 'InService' as const }))

export class Stage {
  /** Authoritative for the load balancer's zone and the API's. */
  readonly dns: LabDns
  /** A caching resolver: it can lag behind and fail. */
  readonly resolver: LabDns
  readonly aws: LabAws
  readonly kubernetes: LabKubernetes
  readonly kubeconfig: string
  readonly #defaults: ScenarioDefaults
  #lagging = false

  private constructor(
    servers: { dns: LabDns; resolver: LabDns; aws: LabAws; kubernetes: LabKubernetes },
    options: StageOptions,
  ) {
    this.dns = servers.dns
    this.resolver = servers.resolver
    this.aws = servers.aws
    this.kubernetes = servers.kubernetes
    this.kubeconfig = join(options.folder, 'kubeconfig')
    this.#defaults = options.defaults
  }

  static async start(options: StageOptions, world: World): Promise<Stage> {
    const { defaults, scale, imageBytes, now } = options
    const cluster = new LabCluster({ imageBytes, leaseRenewalMs: Math.max(1, leaseRenewalMs / scale), now })
    for (const { name, zone } of world.kubelets.values()) cluster.addNode(name, { labels: { [zoneLabel]: zone } })
    const zones = [parentOf(dnsNameOf(defaults)), parentOf(defaults.hostname)]
    const dns = await LabDns.start({ zones })
    const resolver = await LabDns.start()
    const aws = await LabAws.start()
    const kubernetes = await LabKubernetes.start({ cluster, token })
    const stage = new Stage({ dns, resolver, aws, kubernetes }, options)
    await kubernetes.writeKubeconfig(stage.kubeconfig)
    for (const zone of zones) {
      dns.records.setSoa(zone)
      resolver.records.setSoa(zone)
    }
    stage.showAddresses(world)
    return stage
  }

  showAddresses(world: World): void {
    const { name, type } = this.#defaults.load_balancer
    const inDns = world.addresses.filter((own) => own.inDns).map(({ address }) => address)
    this.#fill(this.dns.records, inDns, world.switchedTo)
    if (!this.#lagging) this.#fill(this.resolver.records, inDns, world.switchedTo)
    this.aws.put({
      name,
      type,
      scheme: 'internal',
      dnsName: dnsNameOf(this.#defaults),
      instances: apiServers,
      interfaces: world.addresses.filter(({ alive }) => alive),
    })
  }

  /** `wallMs`: when it happened, of the clock that the cluster's objects show. */
  showNode(event: WorldEvent, wallMs: number, renewedWallMs: number): void {
    const { cluster } = this.kubernetes
    if (event.kind === 'stalled') cluster.holdLease(event.node, renewedWallMs)
    if (event.kind === 'reconnected') cluster.releaseLease(event.node)
    if (event.kind === 'ready') cluster.setReady(event.node, event.ready, undefined, wallMs)
    if (event.kind === 'cordoned') cluster.cordon(event.node)
    if (event.kind === 'deleting') cluster.markDeleting(event.node)
    if (event.kind === 'removed') cluster.removeNode(event.node)
    if (event.kind === 'added') {
      cluster.addNode(event.node, { createdMs: wallMs, ready: 'False', labels: { [zoneLabel]: event.zone } })
    }
  }

  /** The caching resolver keeps the answers that it has, until it follows again. */
  lag(lags: boolean, world: World): void {
    this.#lagging = lags
    this.showAddresses(world)
  }

  failResolver(fails: boolean): void {
    this.resolver.behave('*', fails ? { rcode: 'SERVFAIL' } : {})
  }

  throttle(throttled: boolean): void {
    if (throttled) this.aws.fail('*', 'throttle')
    else this.aws.clearFaults()
  }

  async close(): Promise<void> {
    await Promise.all([this.dns, this.resolver, this.aws, this.kubernetes].map((server) => server.close()))
  }

  #fill(records: LabRecords, inDns: readonly string[], switchedTo: readonly string[] | undefined): void {
    const { hostname, record } = this.#defaults
    const own = dnsNameOf(this.#defaults)
    fillName(records, own, inDns, answerLimit)
    fillName(records, `all.${own}`, inDns)
    if (switchedTo === undefined && record === 'CNAME') {
      records.set(hostname, 'CNAME', [own], { ttl: ttlSeconds })
      return
    }
    records.remove(hostname, 'CNAME')
    fillName(records, hostname, switchedTo ?? inDns, answerLimit)
  }
}

/** As AWS makes it: the name, a number of its own, the region. */
export function dnsNameOf({ load_balancer: { name, region } }: Pick<ScenarioDefaults, 'load_balancer'>): string {
  return `internal-${name}-1234567890.${region}.elb.amazonaws.com`
}

function fillName(records: LabRecords, name: string, addresses: readonly string[], limit = addresses.length): void {
  records.set(name, 'A', addresses, { ttl: ttlSeconds, rotate: true, limit })
}

function parentOf(name: string): string {
  return name.slice(name.indexOf('.') + 1)
}
