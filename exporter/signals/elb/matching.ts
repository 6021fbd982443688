/** Which load balancers a config entry asks for, and what each is called. */
import type { LoadBalancer, NetworkInterface, Tags } from '../../sources/aws/types.ts'
import type { Placed } from './addresses.ts'
import type { LoadBalancerOptions } from './options.ts'

export type Verdict = 'wanted' | 'unwanted' | 'unknown'

/** By name, or else by tag. `tags` undefined: they are not known now. */
export function judge(
  lb: Pick<LoadBalancer, 'name' | 'type'>,
  options: LoadBalancerOptions,
  tags: Tags | undefined,
): Verdict {
  if (!options.types.some((type) => type === lb.type)) return 'unwanted'
  if (options.names.includes(lb.name)) return 'wanted'
  const wanted = Object.entries(options.tags)
  if (wanted.length === 0) return 'unwanted'
  if (tags === undefined) return 'unknown'
  return wanted.every(([key, value]) => tags[key] === value) ? 'wanted' : 'unwanted'
}

/**
 * The label `load_balancer`: the name, where no other load balancer of the cluster has it. A classic and a network load
 * balancer, or two of two regions, can share a name; their series stay apart since the one that came second is called
 * `name (type region)`, with a number behind it where even that is taken. The first keeps its label as long as it is
 * watched, over restarts too.
 */
export function labelFor(lb: Pick<LoadBalancer, 'name' | 'type'>, region: string, taken: ReadonlySet<string>): string {
  if (!taken.has(lb.name)) return lb.name
  const longer = `${lb.name} (${lb.type} ${region})`
  if (!taken.has(longer)) return longer
  let number = 2
  while (taken.has(`${longer} ${number}`)) number += 1
  return `${longer} ${number}`
}

/**
 * The addresses of network interfaces that clients can dial: public ones where the load balancer faces the internet,
 * else private ones; IPv6 where its name has such records. An internet-facing interface without a public address is
 * still being made.
 */
export function dialled(lb: LoadBalancer, interfaces: readonly NetworkInterface[]): Placed[] {
  return interfaces.flatMap(({ zone, privateAddresses, publicAddresses, ipv6Addresses }) => {
    const ipv4 = lb.scheme === 'internal' ? privateAddresses : publicAddresses
    return [...ipv4, ...(lb.dualstack ? ipv6Addresses : [])].map((address) => ({ address, zone }))
  })
}
