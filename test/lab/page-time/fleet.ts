/**
 * Real kubelets and real node agents for all runs. What is real: each machine is a network of its own, each kubelet in it
 * a TLS connection over HTTP/2 that renews a lease every 10 s, and where an address dies the kernel of the machine
 * retransmits into nothing. What is shared: the first node of every run is on the first machine, and so on; each run has
 * its own addresses, and the one agent of a machine watches them all, a cluster each. What is played: the other half of
 * the story, which is the node controller that waits for the leases.
 */
import { Exporter } from '../../e2e/exporter.ts'
import { KubeletNetwork, type KubeletPlan } from '../kubelet/network.ts'
import { leaseRenewalMs } from '../story/durations.ts'
import { type Kubelet, phaseMs } from '../story/kubelets.ts'
import type { Cluster } from './measure.ts'

export class KubeletFleet {
  readonly agents: readonly Exporter[]
  readonly #network: KubeletNetwork

  private constructor(network: KubeletNetwork, agents: readonly Exporter[]) {
    this.#network = network
    this.agents = agents
  }

  /** Every kubelet has renewed its lease once when it resolves. Needs network namespaces; see `Namespace.open`. */
  static async start(clusters: readonly Cluster[], signal: AbortSignal): Promise<KubeletFleet> {
    const byHost = new Map(clusters.map((cluster) => [hostOf(cluster), cluster.lab.stage.kubernetes.cluster]))
    const network = await KubeletNetwork.start((node, host) => {
      byHost.get(host.split(':')[0] ?? '')?.holdLease(node, Date.now())
    })
    const agents: Exporter[] = []
    try {
      for (const cluster of clusters) await openAddresses(cluster, network)
      for (const node of clusters[0]?.lab.world.kubelets.keys() ?? []) {
        if (signal.aborted) break
        agents.push(await startMachine(node, clusters, network))
      }
    } catch (error) {
      await Promise.all([...agents.map((agent) => agent.stop()), network.close()])
      throw error
    }
    return new KubeletFleet(network, agents)
  }

  async close(): Promise<void> {
    await Promise.all([...this.agents.map((agent) => agent.stop()), this.#network.close()])
  }
}

function hostOf({ lab }: Cluster): string {
  return `api.${lab.scenario.defaults.cluster}.example.com`
}

async function openAddresses(cluster: Cluster, network: KubeletNetwork): Promise<void> {
  const { lab } = cluster
  const addresses = lab.world.addresses.map(({ address }) => address)
  for (const address of addresses) await network.addAddress(address)
  network.dns.set(hostOf(cluster), 'A', addresses)
  lab.on((event) => {
    if (event.kind === 'address' && event.change === 'dies') void network.killAddress(event.address)
  })
}

async function startMachine(node: string, clusters: readonly Cluster[], network: KubeletNetwork): Promise<Exporter> {
  const machine = await network.addMachine()
  const plans = clusters.flatMap((cluster) => {
    const kubelet = cluster.lab.world.kubelets.get(node)
    return kubelet === undefined ? [] : [planOf(kubelet, cluster)]
  })
  await machine.start(plans)
  const watched = clusters.map(({ lab }) => {
    const { clusters: own } = lab.config() as { readonly clusters: readonly [{ readonly dns: object }] }
    return { name: lab.scenario.defaults.cluster, dns: own[0].dns, connections: { proc: machine.proc } }
  })
  return await Exporter.start({ config: { clusters: watched } })
}

/** It renews when the story says so. */
function planOf(kubelet: Kubelet, cluster: Cluster): KubeletPlan {
  const addresses = cluster.lab.world.addresses.map(({ address }) => address).sort()
  return {
    node: kubelet.name,
    hostname: hostOf(cluster),
    pick: addresses.indexOf(kubelet.address ?? ''),
    protocol: 'http2',
    everyMs: leaseRenewalMs,
    timeoutMs: leaseRenewalMs,
    renewsAtMs: cluster.gridMs + phaseMs(kubelet),
  }
}
