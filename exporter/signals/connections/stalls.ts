/** Which connections are stalled, and for how long. Pure. */
import type { Connection } from '../../sources/proc/connections.ts'
import type { AddressBook } from './sight.ts'

export const connectionStates = ['active', 'retired'] as const
export type ConnectionState = (typeof connectionStates)[number]

export interface Count {
  readonly open: number
  readonly stalled: number
}

/** Of one hostname. */
export type Tally = Readonly<Record<ConnectionState, Count>>

export const noConnections: Count = { open: 0, stalled: 0 }

/** `tr` of /proc/net/tcp while sent data waits to be acknowledged. A zero window is another timer, and no stall. */
const retransmissionTimer = 1
/**
 * Time-outs in a row. The third comes 1.5 to 1.7 s after the first segment that is lost on a fast network; an outage of
 * a second, which heals by itself, gets to 2.
 */
const stalledAfter = 3

/**
 * Data was sent and is not acknowledged, and sending it again did not help. An idle connection to a dead address cannot
 * be told from a living one, nor can a server that is slow to answer: it acknowledges what it has not worked on yet.
 */
export function isStalled({ timer, unacknowledged, retransmissions }: Connection): boolean {
  return timer === retransmissionTimer && unacknowledged > 0 && retransmissions >= stalledAfter
}

/** By address. */
export function countByAddress(connections: readonly Connection[]): Map<string, Count> {
  const counts = new Map<string, Count>()
  for (const connection of connections) {
    const { open, stalled } = counts.get(connection.address) ?? noConnections
    counts.set(connection.address, { open: open + 1, stalled: stalled + Number(isStalled(connection)) })
  }
  return counts
}

export function tally(book: AddressBook, counts: ReadonlyMap<string, Count>): Tally {
  const sum = (addresses: readonly string[]): Count =>
    addresses.reduce((total, address) => {
      const { open, stalled } = counts.get(address) ?? noConnections
      return { open: total.open + open, stalled: total.stalled + stalled }
    }, noConnections)
  return { active: sum(book.active), retired: sum(book.retired.map(({ address }) => address)) }
}
