/**
 * What a cluster knows: nodes, their history for watches, snapshots for paged lists, leases. Several lab API servers may
 * serve one cluster, as several addresses of a load balancer do.
 */
import { randomUUID } from 'node:crypto'
import { EventEmitter } from 'node:events'
import { type ConditionStatus, defaultReason, imageList, type LabLease, type LabNode } from './objects.ts'

export interface LabEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'
  readonly node: LabNode
}

export interface LabNodeOptions {
  readonly createdMs?: number
  /** `null`: no Ready condition. */
  readonly ready?: ConditionStatus | null
  readonly labels?: Readonly<Record<string, string>>
}

export interface LabClusterOptions {
  /** Length of the image list that pads each node, in bytes. */
  readonly imageBytes?: number
  /** Changes kept for watches; older ones are compacted. */
  readonly historyLimit?: number
  /** How often leases are renewed; default 10 s, as kubelets do. Shorter where a story is played faster than real. */
  readonly leaseRenewalMs?: number
  readonly now?: () => number
}

const kubeletRenewalMs = 10_000
const snapshotLimit = 16

export class LabCluster {
  readonly images: string
  readonly nodes = new Map<string, LabNode>()
  readonly #changed = new EventEmitter<{ change: [] }>()
  readonly #now: () => number
  readonly #historyLimit: number
  readonly #leaseRenewalMs: number
  readonly #snapshots = new Map<string, readonly LabNode[]>()
  /** Leases that do not follow the clock: by node, the last renewal. */
  readonly #heldLeases = new Map<string, number>()
  #history: LabEvent[] = []
  #resourceVersion = 1000
  /** Watches from before this version are told 410. */
  #compacted = 1000

  constructor(options: LabClusterOptions = {}) {
    this.images = imageList(options.imageBytes ?? 0)
    this.#historyLimit = options.historyLimit ?? 200_000
    this.#leaseRenewalMs = options.leaseRenewalMs ?? kubeletRenewalMs
    this.#now = options.now ?? Date.now
    this.#changed.setMaxListeners(0)
  }

  get resourceVersion(): number {
    return this.#resourceVersion
  }

  addNode(name: string, options: LabNodeOptions = {}): void {
    const ready = options.ready === null ? undefined : (options.ready ?? 'True')
    const createdMs = options.createdMs ?? this.#now() - 3_600_000
    this.#record('ADDED', {
      name,
      uid: randomUUID(),
      resourceVersion: 0,
      createdMs,
      ready,
      reason: ready === undefined ? '' : defaultReason(ready),
      sinceMs: createdMs,
      unschedulable: false,
      deletionMs: undefined,
      taints: [],
      labels: options.labels ?? {},
    })
  }

  removeNode(name: string): void {
    this.#record('DELETED', this.#node(name))
  }

  /** Sets the Ready condition; its transition time is `atMs`, by default now. */
  setReady(name: string, ready: ConditionStatus, reason = defaultReason(ready), atMs = this.#now()): void {
    const before = this.#node(name)
    this.#change(name, { ready, reason, sinceMs: before.ready === ready ? before.sinceMs : atMs })
  }

  cordon(name: string, unschedulable = true): void {
    this.#change(name, { unschedulable })
  }

  setTaints(name: string, taints: readonly string[]): void {
    this.#change(name, { taints })
  }

  setLabels(name: string, labels: Readonly<Record<string, string>>): void {
    this.#change(name, { labels })
  }

  markDeleting(name: string): void {
    this.#change(name, { deletionMs: this.#now() })
  }

  /** A change that says nothing new, as a kubelet's status update every 5 minutes. */
  touch(name: string): void {
    this.#change(name, {})
  }

  /** The kubelet stops renewing its lease; the last renewal was at `atMs`. */
  holdLease(name: string, atMs = this.#now()): void {
    this.#heldLeases.set(name, atMs)
  }

  releaseLease(name: string): void {
    this.#heldLeases.delete(name)
  }

  /** Every lease not held was renewed within the last renewal interval, each node at its own phase. */
  leases(): LabLease[] {
    const now = this.#now()
    return [...this.nodes.values()].map((node) => {
      const phase = Number.parseInt(node.uid.slice(0, 4), 16) % this.#leaseRenewalMs
      const renewedMs = this.#heldLeases.get(node.name) ?? now - ((now + phase) % this.#leaseRenewalMs)
      return { name: node.name, renewedMs }
    })
  }

  /** Forgets the history: a watch from an older version, and every open continue token, is told 410. */
  compact(): void {
    this.#history = []
    this.#compacted = this.#resourceVersion
    this.#snapshots.clear()
  }

  /** Moves the version on and compacts, so that even a watch that has seen all is too old. */
  expire(): void {
    this.#resourceVersion += 1
    this.compact()
  }

  /** The changes after `resourceVersion`, at most `limit`; undefined where they are compacted. */
  changesAfter(resourceVersion: number, limit: number): readonly LabEvent[] | undefined {
    if (resourceVersion < this.#compacted) return undefined
    const start = firstAfter(this.#history, resourceVersion)
    return this.#history.slice(start, start + limit)
  }

  onChange(listener: () => void): () => void {
    this.#changed.on('change', listener)
    return () => this.#changed.off('change', listener)
  }

  /** A consistent view for the pages of one list. */
  snapshot(): { id: string; nodes: readonly LabNode[] } {
    const id = `${this.#resourceVersion}-${randomUUID()}`
    const nodes = [...this.nodes.values()]
    this.#snapshots.set(id, nodes)
    for (const old of this.#snapshots.keys()) {
      if (this.#snapshots.size <= snapshotLimit) break
      this.#snapshots.delete(old)
    }
    return { id, nodes }
  }

  snapshotOf(id: string): readonly LabNode[] | undefined {
    return this.#snapshots.get(id)
  }

  #node(name: string): LabNode {
    const node = this.nodes.get(name)
    if (node === undefined) throw new Error(`the lab has no node ${name}`)
    return node
  }

  #change(name: string, change: Partial<LabNode>): void {
    this.#record('MODIFIED', { ...this.#node(name), ...change })
  }

  #record(type: LabEvent['type'], state: LabNode): void {
    this.#resourceVersion += 1
    const node = { ...state, resourceVersion: this.#resourceVersion }
    if (type === 'DELETED') this.nodes.delete(node.name)
    else this.nodes.set(node.name, node)
    this.#history.push({ type, node })
    if (this.#history.length > this.#historyLimit) this.#dropOldHistory()
    this.#changed.emit('change')
  }

  #dropOldHistory(): void {
    const dropped = this.#history.splice(0, Math.ceil(this.#historyLimit / 2))
    this.#compacted = dropped.at(-1)?.node.resourceVersion ?? this.#compacted
  }
}

function firstAfter(history: readonly LabEvent[], resourceVersion: number): number {
  let low = 0
  let high = history.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((history[middle]?.node.resourceVersion ?? 0) <= resourceVersion) low = middle + 1
    else high = middle
  }
  return low
}
