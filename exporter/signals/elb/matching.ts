/** Which load balancers a config entry asks for, and which addresses of theirs clients dial. */
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
