/** The connection of one kubelet as Linux shows it, from day to day and once its address has fallen silent. Pure. */
import type { LabConnection } from '../proc.ts'
import { leaseRenewalMs, rtoMaxMs, rtoMinMs } from './durations.ts'
import type { Kubelet } from './kubelets.ts'

export interface Sockets {
  readonly connections: readonly LabConnection[]
  /** When they look different by themselves; Infinity where nothing is ahead. */
  readonly untilMs: number
}

/** Length of a renewal that nobody acknowledges. */
const renewalBytes = 412
const quietly = Number.POSITIVE_INFINITY

/** `kubelet`: undefined where the node is gone. */
export function socketsOf(kubelet: Kubelet | undefined, nowMs: number): Sockets {
  if (kubelet?.address === undefined) return { connections: [], untilMs: quietly }
  const { address: remote, stall } = kubelet
  if (stall === undefined) return { connections: [{ remote }], untilMs: quietly }
  // TCP has given the connection up, and there is no other address to go to.
  if (nowMs >= stall.freeMs) return { connections: [], untilMs: quietly }
  const sentMs = stall.renewedMs + leaseRenewalMs
  // Until then there is nothing to acknowledge: nobody can see that the address is dead.
  if (nowMs < sentMs) return { connections: [{ remote }], untilMs: sentMs }
  const { count, nextMs } = retransmissions(nowMs - sentMs)
  const waiting = { remote, timer: 1, unacknowledged: renewalBytes, retransmissions: count }
  return { connections: [waiting], untilMs: Math.min(stall.freeMs, sentMs + nextMs) }
}

/** Time-outs in a row, `waitedMs` after a segment that is lost was sent, and when after it the next one comes. */
export function retransmissions(waitedMs: number): { readonly count: number; readonly nextMs: number } {
  let count = 0
  let nextMs = rtoMinMs
  while (nextMs <= waitedMs) {
    count += 1
    nextMs += Math.min(rtoMinMs * 2 ** count, rtoMaxMs)
  }
  return { count, nextMs }
}
