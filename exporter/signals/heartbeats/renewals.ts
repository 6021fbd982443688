/**
 * How long ago each node's lease was renewed. Pure.
 *
 * A lease says when it was renewed by the clock of its kubelet, and clocks are wrong: so a renewal that was seen to
 * happen is never taken to be older than the list before it, as the node controller does, which counts from when it saw
 * the lease change (https://kubernetes.io/docs/concepts/architecture/leases/#node-heart-beats). A kubelet whose clock is
 * wrong by an hour is late only when it is. One whose clock is set back is late until it has caught up: the node controller
 * too takes only a later time than the last for a renewal, and calls such a node Unknown.
 */
import type { Lease } from './lease.ts'

export interface Renewal {
  /** As the kubelet wrote it, ms since the epoch. */
  readonly writtenMs: number
  /** On our monotonic clock. */
  readonly atMs: number
}

export interface Renewals {
  /** When the list came, on our monotonic clock. */
  readonly listedMs: number
  readonly byNode: ReadonlyMap<string, Renewal>
}

export interface LeaseList {
  readonly leases: readonly Lease[]
  /** On our monotonic clock. */
  readonly listedMs: number
  /** The server's clock at that moment, ms since the epoch. */
  readonly serverMs: number
}

export interface Heartbeats {
  readonly stale: readonly { readonly node: string; readonly ageMs: number }[]
  /** Undefined where no node that counts has a lease. */
  readonly maxAgeMs: number | undefined
  readonly counted: number
}

export function stepRenewals(previous: Renewals | undefined, { leases, listedMs, serverMs }: LeaseList): Renewals {
  const byNode = new Map<string, Renewal>()
  for (const { node, renewedMs: writtenMs } of leases) {
    const known = previous?.byNode.get(node)
    // A server that answers from its cache may lag behind the one asked before.
    if (known !== undefined && writtenMs <= known.writtenMs) {
      byNode.set(node, known)
      continue
    }
    const told = listedMs - (serverMs - writtenMs)
    // A lease that the list before did not hold was made since.
    const earliest = previous?.listedMs ?? Number.NEGATIVE_INFINITY
    byNode.set(node, { writtenMs, atMs: Math.min(listedMs, Math.max(earliest, told)) })
  }
  return { listedMs, byNode }
}

/** Only nodes that count (`expects`) and have a lease. */
export function judge(
  { byNode }: Renewals,
  expects: (node: string) => boolean,
  nowMs: number,
  staleAfterMs: number,
): Heartbeats {
  const stale: { node: string; ageMs: number }[] = []
  let maxAgeMs: number | undefined
  let counted = 0
  for (const [node, { atMs }] of byNode) {
    if (!expects(node)) continue
    const ageMs = nowMs - atMs
    counted += 1
    maxAgeMs = Math.max(maxAgeMs ?? 0, ageMs)
    if (ageMs >= staleAfterMs) stale.push({ node, ageMs })
  }
  return { stale, maxAgeMs, counted }
}
