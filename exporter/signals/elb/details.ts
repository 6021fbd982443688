import type { Failure, FailureReason } from '../../core/poll.ts'
import type { AwsRun } from '../../sources/aws/types.ts'
import { dialled } from './matching.ts'
import type { Watched } from './watched.ts'

const callsAtOnce = 4
/**
 * There is one call for each load balancer. AWS lets 40 through at once and 10 a second after (per account and region, ELB
 * API throttling); the rest is for the calls that find load balancers, and for other programs.
 */
const healthCallsPerRun = 25

/** One load balancer may fail in these ways while the others are fine. All else is about the account or the way to AWS. */
const ownReasons: ReadonlySet<FailureReason> = new Set(['server', 'malformed', 'internal'])

/**
 * Instance health of classic load balancers: those asked longest ago first, so that all have their turn, also beside some
 * that always fail. After a failure of the account the rest is not asked: it would fail the same way.
 */
export async function askInstances(
  run: Pick<AwsRun, 'instanceStates'>,
  classic: readonly Pick<Watched, 'lb' | 'label' | 'healthMs' | 'setInstances'>[],
  nowMs: number,
): Promise<Failure[]> {
  const oldestFirst = [...classic].sort((left, right) => left.healthMs - right.healthMs)
  const waiting = oldestFirst.slice(0, healthCallsPerRun).values()
  const runsPerTurn = Math.max(1, Math.ceil(classic.length / healthCallsPerRun))
  const failures: Failure[] = []
  const work = async () => {
    for (const watched of waiting) {
      if (failures.some(({ reason }) => !ownReasons.has(reason))) return
      watched.healthMs = nowMs
      const poll = await run.instanceStates(watched.lb.name)
      if (poll.ok) watched.setInstances(poll.snapshot, runsPerTurn)
      // One that was deleted since it was listed is told by the next discovery.
      else if (poll.failure.reason !== 'not_found') failures.push(named(watched, poll.failure))
    }
  }
  await Promise.all(Array.from({ length: callsAtOnce }, work))
  const ofAccount = failures.find(({ reason }) => !ownReasons.has(reason))
  return ofAccount === undefined ? failures.slice(0, 1) : [ofAccount]
}

function named({ label }: Pick<Watched, 'label'>, failure: Failure): Failure {
  return ownReasons.has(failure.reason) ? { ...failure, message: `${label}: ${failure.message}` } : failure
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
