import type { ResolverName } from '../../sources/dns/client.ts'

export const loadBalancerTypes = ['classic', 'application', 'network'] as const
export type LoadBalancerType = (typeof loadBalancerTypes)[number]

/** One entry of the config section `load_balancers`: an account and region, with its defaults filled in. */
export interface LoadBalancerOptions {
  readonly region: string
  readonly roleArn?: string
  readonly endpoint?: string
  /** Who is asked for the load balancer's own name. */
  readonly resolvers: readonly ResolverName[]
  readonly names: readonly string[]
  /** All must match. Empty: no search by tag. */
  readonly tags: Readonly<Record<string, string>>
  readonly types: readonly LoadBalancerType[]
  /** Ask EC2 for the load balancer's network interfaces too. */
  readonly interfaces: boolean
}
