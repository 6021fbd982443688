/** How long Linux retransmits before it gives a connection up, all in ms. Pure. */
import { rtoMaxMs, rtoMinMs } from '../story/durations.ts'

/**
 * The hypothetical time-out of Documentation/networking/ip-sysctl, tcp_retries2: of so many retransmissions, each waiting
 * twice as long as the one before, from TCP_RTO_MIN up to TCP_RTO_MAX. 924,600 for 15. No connection is given up before.
 */
export function hypotheticalTimeoutMs(retries2: number): number {
  let total = 0
  for (let count = 0; count <= retries2; count++) total += Math.min(rtoMinMs * 2 ** count, rtoMaxMs)
  return total
}

/**
 * When it is given up: at the first time-out that finds the hypothetical one over since the first retransmission
 * (net/ipv4/tcp_timer.c, retransmits_timed_out). Counted from the segment that was lost; `rtoMs` is the connection's
 * first time-out, a little over 200 where the other end is near.
 */
export function givenUpAfterMs(retries2: number, rtoMs: number): number {
  const hypothetical = hypotheticalTimeoutMs(retries2)
  let nowMs = rtoMs
  for (let count = 1; nowMs - rtoMs < hypothetical; count++) nowMs += Math.min(rtoMs * 2 ** count, rtoMaxMs)
  return nowMs
}
