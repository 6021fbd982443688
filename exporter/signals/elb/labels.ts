/**
 * The label `load_balancer`. Two exporters that watch the same thing must say the same, so it depends on the config and
 * on what an account holds, and never on who answered first:
 *
 * - A name that an account earlier in the config might hold too, since it asks for that name or searches by tags, is
 *   called `name (type region)`, whether the other one exists or not. So no account waits for another one.
 * - Within an account the plain name is that of the classic load balancer, then of the others by type and id; the rest
 *   are called `name (type region)`. So is one of which nobody can say yet whether a classic one has its name.
 *
 * One that comes before the others in this order takes the plain name over, and its departure gives it back: a series
 * ends and another one begins then, on all exporters alike.
 */
import type { LoadBalancer } from '../../sources/aws/types.ts'
import { type LoadBalancerOptions, loadBalancerTypes } from './options.ts'

export type Named = Pick<LoadBalancer, 'id' | 'name' | 'type'>

/** What the config says of the labels of one account. */
export interface LabelSpace {
  readonly region: string
  /** 1 for the first account of the config in this region */
  readonly ordinal: number
  /** Config entries of the accounts before it. */
  readonly earlier: readonly LoadBalancerOptions[]
}

/** One space for each account, of which the config has one or more entries each. */
export function labelSpaces(accounts: readonly (readonly LoadBalancerOptions[])[]): LabelSpace[] {
  const regions = accounts.map(([first]) => first?.region ?? '')
  return regions.map((region, index) => ({
    region,
    ordinal: regions.slice(0, index + 1).filter((other) => other === region).length,
    earlier: accounts.slice(0, index).flat(),
  }))
}

/**
 * Labels by id of the load balancers that are watched in one account. `settled` tells for one that is not classic
 * whether it is known which classic ones are watched under its name.
 */
export function labelsIn(
  space: LabelSpace,
  watched: readonly Named[],
  settled: (named: Named) => boolean,
): ReadonlyMap<string, string> {
  const labels = new Map<string, string>()
  for (const [name, bearers] of Map.groupBy(watched, (named) => named.name)) {
    const [first, ...rest] = bearers.sort(inOrder)
    if (first === undefined) continue
    const plain = !mayHold(space.earlier, name) && (first.type === 'classic' || settled(first))
    labels.set(first.id, plain ? name : longer(first, space))
    const taken = new Set(labels.values())
    for (const named of rest) {
      const label = longer(named, space)
      // AWS lets no two of a kind share a name, but may list one that is being deleted beside the one made anew.
      labels.set(named.id, taken.has(label) || named.type === first.type ? longer(named, space, named.id) : label)
      taken.add(label)
    }
  }
  return labels
}

function mayHold(entries: readonly LoadBalancerOptions[], name: string): boolean {
  return entries.some(({ names, tags }) => names.includes(name) || Object.keys(tags).length > 0)
}

function longer({ name, type }: Named, { region, ordinal }: LabelSpace, id?: string): string {
  const parts = [type, region, ...(ordinal > 1 ? [ordinal] : []), ...(id === undefined ? [] : [id.split('/').at(-1)])]
  return `${name} (${parts.join(' ')})`
}

function inOrder(left: Named, right: Named): number {
  const byType = rank(left) - rank(right)
  if (byType !== 0) return byType
  return left.id < right.id ? -1 : 1
}

function rank({ type }: Named): number {
  return (loadBalancerTypes as readonly string[]).indexOf(type)
}
