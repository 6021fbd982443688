/** Drives the lab's Kubernetes API in its own process. */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { LabReply, LabRequest } from './kubernetes-child.ts'

const replyLimitMs = 60_000

export class BenchCluster {
  readonly kubeconfig: string
  readonly #child: ChildProcess
  readonly #folder: string

  private constructor(child: ChildProcess, folder: string, kubeconfig: string) {
    this.#child = child
    this.#folder = folder
    this.kubeconfig = kubeconfig
  }

  /** `imageBytes`: of the list of images in each node; absent: as much as makes it 25 KB. */
  static async start(nodes: number, imageBytes?: number): Promise<BenchCluster> {
    const folder = await mkdtemp(join(tmpdir(), 'bench-cluster-'))
    const kubeconfig = join(folder, 'kubeconfig')
    const child = fork(join(import.meta.dirname, 'kubernetes-child.ts'), [
      String(nodes),
      kubeconfig,
      ...(imageBytes === undefined ? [] : [String(imageBytes)]),
    ])
    const cluster = new BenchCluster(child, folder, kubeconfig)
    await cluster.#reply()
    return cluster
  }

  /** Resolves with the time at which the lab began to do it, on the scale of process.hrtime.bigint(). */
  async ask(request: LabRequest): Promise<bigint> {
    const reply = this.#reply()
    this.#child.send(request)
    return BigInt((await reply).atNs)
  }

  async stop(): Promise<void> {
    const gone = once(this.#child, 'exit')
    this.#child.kill('SIGKILL')
    await gone
    await rm(this.#folder, { recursive: true, force: true })
  }

  async #reply(): Promise<LabReply> {
    const [reply] = await once(this.#child, 'message', { signal: AbortSignal.timeout(replyLimitMs) })
    return reply
  }
}
