/** The stories of the runs. Pure but for chance. */
import type { Action, Scenario } from '../story/scenario.ts'

/** Renewals are 10 s apart, looks of the node controller 5 s. */
const deathPhaseMs = 10_000

/** The shipped one, with addresses that nobody else has, and as soon as something happens in it. */
export function scenarioOf(shipped: Scenario, index: number): Scenario {
  const { defaults, timeline } = shipped
  const { load_balancer } = defaults
  const own = new Map(load_balancer.addresses.map(({ address }, at) => [address, `10.99.${index}.${at + 1}`]))
  const renamed = (address: string) => own.get(address) ?? address
  const shiftMs = Math.random() * deathPhaseMs - (timeline[0]?.atMs ?? 0)
  return {
    ...shipped,
    defaults: {
      ...defaults,
      cluster: `run-${index}`,
      load_balancer: {
        ...load_balancer,
        addresses: load_balancer.addresses.map(({ address, zone }) => ({ address: renamed(address), zone })),
      },
    },
    timeline: timeline.map(({ atMs, action }) => ({ atMs: atMs + shiftMs, action: readdressed(action, renamed) })),
  }
}

function readdressed(action: Action, renamed: (address: string) => string): Action {
  return 'address' in action ? { ...action, address: renamed(action.address) } : action
}
