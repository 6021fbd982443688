/** A cluster of four nodes, with an API server of its own. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Metrics } from '../e2e/exporter.ts'
import { LabCluster } from '../lab/kubernetes/cluster.ts'
import { LabKubernetes } from '../lab/kubernetes-server.ts'
import type { Facts, Site } from './fault.ts'
import type { Ground } from './ground.ts'

const nodes = ['node-0', 'node-1', 'node-2', 'node-3']
const token = 'lab-first-token'

export class KubernetesSite implements Site {
  readonly ground: Ground
  readonly name: string
  readonly tokenFile: string
  readonly before: Facts = nodeFacts(4, 0, 0)
  readonly after: Facts = nodeFacts(3, 1, 1)
  readonly withdrawn: Facts = { ready: '', unknown: '' }
  server: LabKubernetes
  /** Repeats something while a fault lasts. */
  timer: NodeJS.Timeout | undefined
  readonly #kubeconfig: string
  readonly #former: LabKubernetes[] = []

  private constructor(ground: Ground, name: string, server: LabKubernetes) {
    this.ground = ground
    this.name = name
    this.server = server
    this.#kubeconfig = join(ground.folder, `${name}.kubeconfig`)
    this.tokenFile = join(ground.folder, `${name}.token`)
  }

  static async open(ground: Ground, id: string): Promise<KubernetesSite> {
    const site = new KubernetesSite(ground, id, await LabKubernetes.start({ token, host: '127.0.0.2' }))
    for (const node of nodes) site.server.cluster.addNode(node)
    ground.records.set(site.#host, 'A', ['127.0.0.2'])
    await site.giveToken(token)
    await site.server.writeKubeconfig(site.#kubeconfig, {
      server: `https://${site.#host}:${site.server.port}`,
      tokenFile: site.tokenFile,
    })
    return site
  }

  get #host(): string {
    return `${this.name}.lab.test`
  }

  config(): object {
    return { nodes: { kubeconfig: this.#kubeconfig } }
  }

  change(): void {
    this.server.cluster.setReady('node-1', 'Unknown')
  }

  async giveToken(text: string): Promise<void> {
    await writeFile(this.tokenFile, `${text}\n`)
  }

  /** The same API at another address: what was there falls silent, and DNS names the new one. */
  async moveTo(host: string): Promise<void> {
    const { server } = this
    this.#former.push(server)
    this.server = await LabKubernetes.start({ token, host, port: server.port, cluster: server.cluster })
    server.freeze()
    this.ground.records.set(this.#host, 'A', [host])
  }

  /** etcd as it was some time ago: the same nodes, and versions that begin again below those that were told. */
  async restore(): Promise<void> {
    const { server } = this
    const { host, port } = server
    const cluster = new LabCluster()
    for (const [name, node] of server.cluster.nodes) {
      cluster.nodes.set(name, { ...node, resourceVersion: cluster.resourceVersion })
    }
    await server.close()
    this.server = await LabKubernetes.start({ token, host, port, cluster })
  }

  facts(metrics: Metrics): Facts {
    const count = (ready: string) => String(metrics.value('nodes', `ready="${ready}"`) ?? '')
    return {
      ready: count('true'),
      unknown: count('unknown'),
      lost: String(metrics.value('node_ready_transitions_total', 'to="unknown"') ?? ''),
    }
  }

  async close(): Promise<void> {
    clearInterval(this.timer)
    await Promise.all([this.server, ...this.#former].map((server) => server.close()))
  }
}

export function nodeFacts(ready: number, unknown: number, lost: number): Facts {
  return { ready: String(ready), unknown: String(unknown), lost: String(lost) }
}
