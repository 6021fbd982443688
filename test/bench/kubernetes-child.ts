/** The lab's Kubernetes API in a process of its own, so that its work is not the bench's: `nodes`, a kubeconfig path, and the size of a node. */
import { LabCluster } from '../lab/kubernetes/cluster.ts'
import { LabKubernetes } from '../lab/kubernetes-server.ts'

/** With the rest of a node's fields: 25 KB of JSON. */
const fullImageBytes = 24_400
const updateTickMs = 50

export type LabRequest =
  | { readonly do: 'set_ready'; readonly node: number; readonly ready: 'True' | 'Unknown' }
  /** The first so many nodes at once. */
  | { readonly do: 'set_many'; readonly nodes: number; readonly ready: 'True' | 'Unknown' }
  /** Kubelets that report that nothing changed, from now on. */
  | { readonly do: 'update'; readonly perSecond: number }

export interface LabReply {
  /** When it was done: nanoseconds of CLOCK_MONOTONIC, which all processes of a machine share. */
  readonly atNs: string
}

export const nodeName = (index: number): string => `ip-10-${index >> 16}-${(index >> 8) & 255}-${index & 255}.example`

async function main(nodes: number, kubeconfig: string, imageBytes: number): Promise<void> {
  const cluster = new LabCluster({ imageBytes })
  for (let index = 0; index < nodes; index += 1) {
    cluster.addNode(nodeName(index), { labels: { 'topology.kubernetes.io/zone': `us-west-2${'abc'[index % 3]}` } })
  }
  cluster.compact()
  const lab = await LabKubernetes.start({ token: 'bench-bearer-token', cluster })
  await lab.writeKubeconfig(kubeconfig)
  const updates = new Updates(cluster, nodes)
  process.on('disconnect', () => process.exit(0))
  process.on('message', (request: LabRequest) => {
    const atNs = process.hrtime.bigint().toString()
    act(request, cluster, updates)
    process.send?.({ atNs } satisfies LabReply)
  })
  process.send?.({ atNs: '0' } satisfies LabReply)
}

function act(request: LabRequest, cluster: LabCluster, updates: Updates): void {
  if (request.do === 'update') updates.perSecond = request.perSecond
  else if (request.do === 'set_ready') cluster.setReady(nodeName(request.node), request.ready)
  else for (let index = 0; index < request.nodes; index += 1) cluster.setReady(nodeName(index), request.ready)
}

class Updates {
  perSecond = 0
  #due = 0
  #next = 0

  constructor(cluster: LabCluster, nodes: number) {
    setInterval(() => {
      this.#due += (this.perSecond * updateTickMs) / 1_000
      for (; this.#due >= 1; this.#due -= 1) {
        cluster.touch(nodeName(this.#next % nodes))
        this.#next += 1
      }
    }, updateTickMs)
  }
}

if (process.send !== undefined)
  await main(Number(process.argv[2]), process.argv[3] ?? '', Number(process.argv[4] ?? fullImageBytes))
