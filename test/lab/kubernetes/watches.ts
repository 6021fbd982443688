/** Open watches of one lab API server: events in order with back-pressure, bookmarks, a clean end after timeoutSeconds. */
import type { ServerResponse } from 'node:http'
import type { LabCluster, LabEvent } from './cluster.ts'
import { type LabNode, renderNode, renderStatus } from './objects.ts'

export interface WatchRequest {
  /** undefined: start with the state as ADDED events */
  readonly resourceVersion: number | undefined
  readonly timeoutMs: number
  readonly bookmarks: boolean
}

const batch = 64
/** A real API server sends a last bookmark about 2 s before it ends a watch. */
const lastBookmarkMs = 2_000

export class LabWatch {
  readonly #cluster: LabCluster
  readonly #response: ServerResponse
  readonly #timers: NodeJS.Timeout[] = []
  readonly #unsubscribe: () => void
  #pending: LabNode[] = []
  #seen: number
  #blocked = false
  #silent = false
  #ended = false

  constructor(cluster: LabCluster, response: ServerResponse, request: WatchRequest, onEnd: (watch: LabWatch) => void) {
    this.#cluster = cluster
    this.#response = response
    if (request.resourceVersion === undefined) this.#pending = [...cluster.nodes.values()]
    this.#seen = request.resourceVersion ?? cluster.resourceVersion
    this.#unsubscribe = cluster.onChange(() => this.#pump())
    response.writeHead(200, { 'content-type': 'application/json' })
    response.flushHeaders()
    response.on('drain', () => {
      this.#blocked = false
      this.#pump()
    })
    response.on('close', () => {
      this.#stop()
      onEnd(this)
    })
    this.#timers.push(setTimeout(() => this.end(), request.timeoutMs))
    if (request.bookmarks) {
      this.#timers.push(setTimeout(() => this.bookmark(), Math.max(0, request.timeoutMs - lastBookmarkMs)))
    }
    this.#pump()
  }

  /** None for a watch from a version that is yet to come, as after a restore of etcd: an API server filters those out. */
  bookmark(): void {
    if (this.#pending.length > 0 || this.#cluster.resourceVersion < this.#seen) return
    const metadata = { resourceVersion: String(this.#seen), creationTimestamp: null }
    this.raw(`${JSON.stringify({ type: 'BOOKMARK', object: { kind: 'Node', apiVersion: 'v1', metadata } })}\n`)
  }

  error(code: number, reason: string, message: string): void {
    this.raw(`{"type":"ERROR","object":${renderStatus(code, reason, message)}}\n`)
    this.end()
  }

  raw(text: string): void {
    if (this.#silent || this.#ended) return
    this.#blocked = !this.#response.write(text) || this.#blocked
  }

  /** Nothing is sent any more, and nothing ends: a black hole as seen from above TCP. */
  silence(): void {
    this.#silent = true
    this.#stop()
  }

  end(): void {
    if (this.#silent || this.#ended) return
    this.#stop()
    this.#response.end()
  }

  destroy(): void {
    this.#stop()
    this.#response.destroy()
  }

  #stop(): void {
    this.#ended = true
    this.#unsubscribe()
    for (const timer of this.#timers) clearTimeout(timer)
  }

  #pump(): void {
    while (!this.#blocked && !this.#ended && !this.#silent) {
      const events = this.#next()
      if (events === undefined) this.error(410, 'Expired', 'too old resource version')
      if (events === undefined || events.length === 0) return
      for (const { type, node } of events) {
        this.#seen = Math.max(this.#seen, node.resourceVersion)
        this.raw(`{"type":"${type}","object":${renderNode(node, this.#cluster.images)}}\n`)
      }
    }
  }

  #next(): readonly LabEvent[] | undefined {
    const start = this.#pending.splice(0, batch)
    if (start.length > 0) return start.map((node) => ({ type: 'ADDED', node }))
    return this.#cluster.changesAfter(this.#seen, batch)
  }
}
