/**
 * Which nodes should be ready, and which of them are: kept up to date one node at a time, so that a change costs the
 * same in a cluster of 10 and of 50,000. Time comes as an argument.
 */
import { Departures } from './departures.ts'
import { type NodeRecord, type Ready, readyValues } from './node.ts'

/** In this order: a node has the first that fits. */
export const exclusions = ['deleting', 'cordoned', 'young'] as const
export type Exclusion = (typeof exclusions)[number]

export interface Instant {
  /** Since the epoch, to compare with what the cluster says. */
  readonly nowMs: number
  /** Of a clock that never jumps, to integrate over. */
  readonly monotonicMs: number
}

export interface LedgerOptions {
  readonly minAgeMs: number
  /** Different reasons told apart; the rest is `other`. */
  readonly reasonLimit: number
  /** Different groups told apart; the rest is `other`. */
  readonly groupLimit: number
}

/** Why a kubelet that cannot reach the API is not ready, and why one that can says so itself: always in the counters. */
export const usualReasons: readonly string[] = ['NodeStatusUnknown', 'KubeletNotReady']

export interface Group {
  readonly values: readonly string[]
  readonly counts: Record<Ready, number>
}

export interface TrackedNode extends NodeRecord {
  readonly exclusion: Exclusion | undefined
}

interface Entry extends TrackedNode {
  readonly group: Group
  /** The list that last held the node. */
  list: number
}

/** What happened since it was last taken. */
export interface Happenings {
  readonly transitions: Readonly<Record<Ready, number>>
  /** Nodes that left Ready, each once within 5 minutes. */
  readonly leftReady: number
  /** Node-seconds not ready, by reason. */
  readonly notReadySeconds: ReadonlyMap<string, number>
  readonly becameNotReady: readonly string[]
  readonly becameReady: readonly string[]
}

export function exclusionOf(node: NodeRecord, nowMs: number, minAgeMs: number): Exclusion | undefined {
  if (node.deleting) return 'deleting'
  if (node.cordoned) return 'cordoned'
  return nowMs - node.createdMs < minAgeMs ? 'young' : undefined
}

export class NodeLedger {
  readonly #options: LedgerOptions
  readonly #nodes = new Map<string, Entry>()
  readonly #groups = new Map<string, Group>()
  readonly #excluded: Record<Exclusion, number> = { deleting: 0, cordoned: 0, young: 0 }
  readonly #notReady = new Map<string, Entry>()
  readonly #young = new Map<string, Entry>()
  /** Nodes not ready now, by reason; a reason once seen stays. */
  readonly #reasons = new Map<string, number>(usualReasons.map((reason) => [reason, 0]))
  readonly #departures = new Departures()
  #happened = nothing()
  #total = 0
  #nextGrowMs = Number.POSITIVE_INFINITY
  #list = 0
  #integratedAt: number | undefined
  #version = 0

  constructor(options: LedgerOptions) {
    this.#options = options
  }

  /** Moves when anything that can be read here changes. */
  get version(): number {
    return this.#version
  }

  /** Nodes that should be ready. */
  get total(): number {
    return this.#total
  }

  get excluded(): Readonly<Record<Exclusion, number>> {
    return this.#excluded
  }

  get groups(): Iterable<Group> {
    return this.#groups.values()
  }

  /** Nodes that should be ready and are not. */
  get notReady(): ReadonlyMap<string, TrackedNode> {
    return this.#notReady
  }

  get size(): number {
    return this.#nodes.size
  }

  /** true where the node is there and should be ready. */
  expects(name: string): boolean {
    const entry = this.#nodes.get(name)
    return entry !== undefined && entry.exclusion === undefined
  }

  /** From now on `upsert` marks what a list holds, until `endList` removes what it did not hold. */
  beginList(): void {
    this.#list += 1
  }

  endList(at: Instant): void {
    this.advance(at)
    for (const entry of this.#nodes.values()) if (entry.list !== this.#list) this.#forget(entry)
  }

  upsert(record: NodeRecord, at: Instant): void {
    this.advance(at)
    const known = this.#nodes.get(record.name)
    const before = known?.uid === record.uid ? known : undefined
    const reason = record.ready === 'true' ? '' : this.#reasonOf(record.reason)
    const exclusion = exclusionOf(record, at.nowMs, this.#options.minAgeMs)
    if (before !== undefined && sameNode(before, { ...record, reason, exclusion })) {
      before.list = this.#list
      return
    }
    if (known !== undefined) this.#forget(known)
    const entry = { ...record, reason, exclusion, group: this.#groupOf(record.groups), list: this.#list }
    this.#nodes.set(entry.name, entry)
    this.#count(entry, 1)
    if (before !== undefined) this.#transition(before, entry, at)
  }

  remove(name: string, uid: string, at: Instant): void {
    this.advance(at)
    const known = this.#nodes.get(name)
    // The farewell of a node that was made anew under its old name.
    if (known?.uid === uid) this.#forget(known)
  }

  /** Integrates up to now, and lets young nodes grow up. */
  advance(at: Instant): void {
    this.#integrate(at)
    if (at.nowMs < this.#nextGrowMs) return
    this.#nextGrowMs = Number.POSITIVE_INFINITY
    for (const entry of [...this.#young.values()]) {
      const growMs = entry.createdMs + this.#options.minAgeMs
      if (growMs > at.nowMs) this.#nextGrowMs = Math.min(this.#nextGrowMs, growMs)
      else this.#grow(entry)
    }
  }

  /** The seconds count from here on: what the ledger holds is known to be true. */
  resume(at: Instant): void {
    this.#integratedAt ??= at.monotonicMs
  }

  /** Nothing is known any more: no seconds count until `resume`. */
  pause(at: Instant): void {
    this.advance(at)
    this.#integratedAt = undefined
  }

  /** What happened since the last call. */
  take(): Happenings {
    const happened = this.#happened
    this.#happened = nothing()
    return happened
  }

  #integrate({ monotonicMs }: Instant): void {
    if (this.#integratedAt === undefined) return
    const seconds = (monotonicMs - this.#integratedAt) / 1_000
    this.#integratedAt = monotonicMs
    if (seconds <= 0 || this.#notReady.size === 0) return
    const { notReadySeconds } = this.#happened
    for (const [reason, nodes] of this.#reasons) {
      if (nodes > 0) notReadySeconds.set(reason, (notReadySeconds.get(reason) ?? 0) + nodes * seconds)
    }
  }

  #grow(young: Entry): void {
    this.#forget(young)
    const grown = { ...young, exclusion: undefined, group: this.#groupOf(young.groups) }
    this.#nodes.set(grown.name, grown)
    this.#count(grown, 1)
  }

  #forget(entry: Entry): void {
    this.#nodes.delete(entry.name)
    this.#count(entry, -1)
  }

  #count(entry: Entry, by: 1 | -1): void {
    this.#version += 1
    const { exclusion, group, name, ready, reason } = entry
    if (exclusion === 'young') this.#countYoung(entry, by)
    if (exclusion !== undefined) {
      this.#excluded[exclusion] += by
      return
    }
    this.#total += by
    group.counts[ready] += by
    const key = groupKey(group.values)
    if (by === 1) this.#groups.set(key, group)
    else if (readyValues.every((value) => group.counts[value] === 0)) this.#groups.delete(key)
    if (ready === 'true') return
    this.#reasons.set(reason, (this.#reasons.get(reason) ?? 0) + by)
    if (by === 1) this.#notReady.set(name, entry)
    else this.#notReady.delete(name)
  }

  #countYoung(entry: Entry, by: 1 | -1): void {
    if (by === -1) this.#young.delete(entry.name)
    else this.#young.set(entry.name, entry)
    if (by === 1) this.#nextGrowMs = Math.min(this.#nextGrowMs, entry.createdMs + this.#options.minAgeMs)
  }

  /** Counted where the node should have been ready before and after. */
  #transition(before: Entry, after: Entry, at: Instant): void {
    if (before.exclusion !== undefined || after.exclusion !== undefined || before.ready === after.ready) return
    this.#happened.transitions[after.ready] += 1
    if (after.ready === 'true') this.#happened.becameReady.push(after.name)
    else if (before.ready === 'true') {
      this.#happened.becameNotReady.push(after.name)
      if (this.#departures.count(after.name, at.monotonicMs)) this.#happened.leftReady += 1
    }
  }

  #groupOf(values: readonly string[]): Group {
    const known = this.#groups.get(groupKey(values))
    if (known !== undefined) return known
    if (this.#groups.size < this.#options.groupLimit) return emptyGroup(values)
    const rest = values.map(() => 'other')
    return this.#groups.get(groupKey(rest)) ?? emptyGroup(rest)
  }

  #reasonOf(reason: string): string {
    if (this.#reasons.has(reason)) return reason
    if (this.#reasons.size >= this.#options.reasonLimit) return 'other'
    this.#reasons.set(reason, 0)
    return reason
  }
}

function emptyGroup(values: readonly string[]): Group {
  return { values, counts: { true: 0, false: 0, unknown: 0 } }
}

function groupKey(values: readonly string[]): string {
  return values.join('\u0000')
}

function nothing() {
  return {
    transitions: { true: 0, false: 0, unknown: 0 },
    leftReady: 0,
    notReadySeconds: new Map<string, number>(),
    becameNotReady: [] as string[],
    becameReady: [] as string[],
  }
}

/** Most updates of a node are its kubelet's report that nothing changed. */
function sameNode(left: TrackedNode, right: TrackedNode): boolean {
  return (
    left.ready === right.ready &&
    left.reason === right.reason &&
    left.sinceMs === right.sinceMs &&
    left.exclusion === right.exclusion &&
    left.cordoned === right.cordoned &&
    left.deleting === right.deleting &&
    left.createdMs === right.createdMs &&
    left.groups.every((value, index) => value === right.groups[index])
  )
}
