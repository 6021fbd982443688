/** Tries a TCP connect to each address of the cluster's load balancers, once in an interval. */
import type { Failure, Poll } from '../../core/poll.ts'
import { spreadWindow } from '../../core/spread.ts'
import { type Reach, tryConnect } from '../../sources/tcp/connect.ts'
import { type Collector, type CollectorDeps, type Exchange, type RunContext, staleAfter } from '../signal.ts'
import type { AddressesInSight } from '../views.ts'
import type { ReachabilityMetric } from './metrics.ts'
import type { ReachabilityOptions } from './options.ts'
import { type Probe, planProbes, probeLimit } from './probes.ts'

const connectsAtOnce = 100
/** Longest wait of a first run for the load balancers. */
const addressesWaitMs = 15_000

/** What tests replace. */
export interface ReachabilityTuning {
  /** 0 to 1 */
  readonly random?: () => number
}

export function create(options: ReachabilityOptions, deps: CollectorDeps, tuning: ReachabilityTuning = {}): Collector {
  const collector = new ReachabilityCollector(options, deps, tuning.random ?? Math.random)
  return {
    tasks: [
      {
        kind: 'scheduled',
        name: 'connects',
        schedule: 'load_balancers',
        timeoutMs: (intervalMs) => intervalMs + addressesWaitMs + (probeLimit / connectsAtOnce) * options.timeoutMs,
        run: (context) => collector.run(context),
      },
    ],
    status: () => collector.status(),
    stop: async () => undefined,
  }
}

class ReachabilityCollector {
  readonly #options: ReachabilityOptions
  readonly #deps: CollectorDeps
  readonly #random: () => number
  /** By address. */
  readonly #reached = new Map<string, Reach>()

  constructor(options: ReachabilityOptions, deps: CollectorDeps, random: () => number) {
    this.#options = options
    this.#deps = deps
    this.#random = random
  }

  async run(context: RunContext): Promise<readonly Failure[]> {
    const { signal, intervalMs, first } = context
    const { clock, views } = this.#deps
    const inSight = await views.addresses.within(addressesWaitMs, clock, signal)
    if (signal.aborted) return []
    if (inSight === undefined) return [addressesUnknown]
    const windowMs = first ? 0 : spreadWindow(intervalMs, this.#options.timeoutMs)
    const { probes, omitted } = planProbes(inSight.all(), windowMs, this.#random)
    const failures = await this.#tryAll(probes, inSight, context)
    if (signal.aborted) return []
    this.#publish(inSight)
    const limit = {
      reason: 'limit',
      message: `${omitted} addresses beyond the first ${probeLimit} are not tried`,
    } as const
    return omitted === 0 ? failures : [...failures, limit]
  }

  status(): object {
    return {
      port: this.#options.port,
      addresses: [...this.#reached].map(([address, reach]) => ({
        address,
        reachable: reach.reachable,
        ...(reach.reachable ? { milliseconds: Math.round(reach.durationMs) } : { why: reach.why }),
      })),
    }
  }

  async #tryAll(probes: readonly Probe[], inSight: AddressesInSight, context: RunContext): Promise<Failure[]> {
    const { clock } = this.#deps
    const { signal, first, trace } = context
    const startedAt = clock.monotonic()
    const failures: Failure[] = []
    const waiting = probes.values()
    const work = async () => {
      for (const { address, atMs } of waiting) {
        const leftMs = startedAt + atMs - clock.monotonic()
        if (leftMs > 0) await clock.sleep(leftMs, signal)
        if (signal.aborted) return
        const { port, timeoutMs } = this.#options
        const poll = await tryConnect(address, port, { timeoutMs, clock, signal })
        if (!signal.aborted) trace.note(poll.ok ? 'good' : 'failed', () => connectExchange(address, port, poll))
        if (!poll.ok) {
          failures.push(poll.failure)
          continue
        }
        const before = this.#reached.get(address)?.reachable
        this.#reached.set(address, poll.snapshot)
        // A run lasts for most of the interval: what is news is not kept back for so long.
        if (!first && before !== poll.snapshot.reachable) this.#publish(inSight)
      }
    }
    await Promise.all(Array.from({ length: connectsAtOnce }, work))
    return failures
  }

  #publish(inSight: AddressesInSight): void {
    const all = inSight.all()
    const addresses = new Set(all.map(({ address }) => address))
    for (const address of this.#reached.keys()) if (!addresses.has(address)) this.#reached.delete(address)
    const staleAfterMs = staleAfter(this.#deps.intervalMs('load_balancers'))
    const scope = this.#deps.metrics.scope<ReachabilityMetric>('addresses', staleAfterMs)
    scope.publish(
      all.flatMap(({ loadBalancer: load_balancer, address, state }) => {
        const reach = this.#reached.get(address)
        const labels = { load_balancer, address, state }
        if (reach === undefined) return []
        return [{ metric: 'elbchurn_elb_address_reachable', labels, value: Number(reach.reachable) }]
      }),
    )
  }
}

function connectExchange(address: string, port: number, poll: Poll<Reach>): Exchange {
  const asked = `TCP connect to ${address} port ${port}`
  if (!poll.ok) return { asked, came: [poll.failure.message], decided: 'it could not be tried: what was known stays' }
  const { snapshot: reach } = poll
  if (!reach.reachable) return { asked, came: [reach.why], decided: 'not reachable' }
  return { asked, came: [`connected in ${reach.durationMs.toFixed(1)} ms`], decided: 'reachable' }
}

const addressesUnknown: Failure = {
  reason: 'timeout',
  message: 'the addresses of the load balancers are not known: see the collector load_balancers',
}
