/** The machines of some nodes: for each a /proc, in which a node agent finds the connection of its kubelet. */
import { join } from 'node:path'
import { writeProc } from './proc.ts'
import { socketsOf } from './story/sockets.ts'
import type { World } from './story/world.ts'

export class LabMachines {
  readonly #folder: string
  readonly #nodes: readonly string[]

  private constructor(folder: string, nodes: readonly string[]) {
    this.#folder = folder
    this.#nodes = nodes
  }

  /** Their /proc folders are there, below `folder`, when it resolves. Throws where the world has no such node. */
  static async start(folder: string, nodes: readonly string[], world: World): Promise<LabMachines> {
    const unknown = nodes.find((node) => !world.kubelets.has(node))
    if (unknown !== undefined) throw new Error(`the world has no node ${unknown}`)
    const machines = new LabMachines(folder, nodes)
    await machines.show(world, 0)
    return machines
  }

  /** Where /proc of a node is. */
  procOf(node: string): string {
    if (!this.#nodes.includes(node)) throw new Error(`the lab has no machine ${node}`)
    return join(this.#folder, node, 'proc')
  }

  /** Returns when there is something else to show though nothing happens in the world; Infinity where never. */
  async show(world: World, nowMs: number): Promise<number> {
    const until = this.#nodes.map(async (node) => {
      const { connections, untilMs } = socketsOf(world.kubelets.get(node), nowMs)
      await writeProc(this.procOf(node), connections)
      return untilMs
    })
    return Math.min(...(await Promise.all(until)))
  }
}
