import { once } from 'node:events'
import { createServer } from 'node:http'
import type { World } from './story/world.ts'

/** The series of kube-state-metrics that the stock node alerts read, as the lab's nodes are now. */
export interface KubeStateMetrics {
  readonly url: string
  stop(): Promise<void>
}

export async function startKubeStateMetrics(world: () => World): Promise<KubeStateMetrics> {
  const server = createServer((_, response) => {
    response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4' }).end(`${render(world()).join('\n')}\n`)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('kube-state-metrics has no port')
  return {
    url: `http://127.0.0.1:${address.port}`,
    async stop() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

function render(world: World): string[] {
  return [...world.kubelets.values()].flatMap(({ name, ready, cordoned }) => {
    const node = `node="${name}"`
    const taint = `kube_node_spec_taint{${node},key="node.kubernetes.io/unreachable",value="",effect="NoSchedule"} 1`
    return [
      `kube_node_spec_unschedulable{${node}} ${Number(cordoned)}`,
      ...(['True', 'False', 'Unknown'] as const).map((status) => {
        const labels = `${node},condition="Ready",status="${status.toLowerCase()}"`
        return `kube_node_status_condition{${labels}} ${Number(ready === status)}`
      }),
      ...(ready === 'Unknown' ? [taint] : []),
    ]
  })
}
