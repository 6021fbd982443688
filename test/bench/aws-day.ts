/** What the calls of a run come to in a day of the default schedules, and their share of what AWS lets through. Pure. */

/** Calls by `service:Operation`. */
export type Calls = ReadonlyMap<string, number>

/** A run each 30 s. */
const runsPerDay = 2_880
/** Tags are asked for at first sight, and again when they are two minutes old. */
const tagTurnsPerDay = 720
/** So many calls of one API in one run, whatever is due. */
const tagCallsPerRun = 12
const secondsPerDay = 86_400

/**
 * Calls a second that AWS lets through for an account in a region. Elastic Load Balancing has one bucket for all Describe
 * calls of each version of its API, EC2 one for each call.
 * https://docs.aws.amazon.com/elasticloadbalancing/latest/userguide/elb-api-throttling.html: 40 tokens, 10 more a second
 * https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-throttling.html: 100 tokens, 20 more a second
 */
const refill: Readonly<Record<string, number>> = { elb: 10, elbv2: 10, ec2: 20 }
/** Tokens of a bucket of Elastic Load Balancing: so many calls may come at once. */
export const elbBucket = 40

/**
 * Calls of a day by operation: those of a later run in each run, and the tags of all in each turn, which is the most that
 * they can be. `first` and `later` are the calls of a run that knows no tags yet, and of one that knows them all.
 */
export function callsPerDay(first: Calls, later: Calls): Map<string, number> {
  const perDay = new Map([...later].map(([operation, count]) => [operation, count * runsPerDay]))
  for (const [operation, count] of first) {
    if (!operation.endsWith(':DescribeTags')) continue
    perDay.set(operation, (perDay.get(operation) ?? 0) + count * tagTurnsPerDay)
  }
  return perDay
}

export function total(calls: Calls): number {
  return [...calls.values()].reduce((sum, count) => sum + count, 0)
}

/** Calls of one service together. */
export function ofService(calls: Calls, service: string): number {
  return total(new Map([...calls].filter(([operation]) => operation.startsWith(`${service}:`))))
}

/** Calls of one run to one service, where as many tags are due in it as can be. */
export function burst(first: Calls, later: Calls, service: string): number {
  const tags = first.get(`${service}:DescribeTags`) ?? 0
  return ofService(later, service) + Math.min(tags, tagCallsPerRun)
}

/** Of what AWS lets through in a day, the largest share (0 to 1) that any of the services has. */
export function shareOfLimit(perDay: Calls): number {
  return Math.max(...Object.entries(refill).map(([service, rate]) => ofService(perDay, service) / secondsPerDay / rate))
}
