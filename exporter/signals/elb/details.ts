import type { Failure } from '../../core/poll.ts'
import type { AwsRun } from '../../sources/aws/types.ts'
import { dialled } from './matching.ts'
import type { Watched } from './watched.ts'

const callsAtOnce = 4
/**
 * There is one call for each load balancer. AWS lets 40 through at once and 10 a second after (per account and region, ELB
 * API throttling); the rest is for the calls that find load balancers, and for other programs.
 */
const healthCallsPerRun = 25

/**
 * Instance health of classic load balancers: those asked longest ago first, so that all have their turn. After a failure
 * the rest is not asked: it would fail the same way.
 */
export async function askInstances(run: AwsRun, classic: readonly Watched[], nowMs: number): Promise<Failure[]> {
  const oldestFirst = [...classic].sort((left, right) => left.healthMs - right.healthMs)
  const waiting = oldestFirst.slice(0, healthCallsPerRun).values()
  const runsPerTurn = Math.max(1, Math.ceil(classic.length / healthCallsPerRun))
  const failures: Failure[] = []
  const work = async () => {
    for (const watched of waiting) {
      if (failures.length > 0) return
      const poll = await run.instanceStates(watched.lb.name)
      // One that was deleted since it was listed is told by the next discovery.
      if (!poll.ok && poll.failure.reason !== 'not_found') failures.push(poll.failure)
      if (!poll.ok) continue
      watched.healthMs = nowMs
      watched.setInstances(poll.snapshot, runsPerTurn)
    }
  }
  await Promise.all(Array.from({ length: callsAtOnce }, work))
  return failures.slice(0, 1)
}

/** Network interfaces of all of these, told apart by their description. */
export async function askInterfaces(run: AwsRun, owners: readonly Watched[]): Promise<Failure[]> {
  if (owners.length === 0) return []
  const poll = await run.interfaces(owners.map(({ lb }) => lb.interfaceDescription))
  if (!poll.ok) return [poll.failure]
  const byDescription = Map.groupBy(poll.snapshot, ({ description }) => description)
  for (const owner of owners) {
    const own = byDescription.get(owner.lb.interfaceDescription) ?? []
    owner.setInterfaces(dialled(owner.lb, own), poll.atMs)
  }
  return []
}
