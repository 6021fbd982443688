import { type Access, notTried } from '../../core/access.ts'
import { tryAwsCalls } from '../../sources/aws/permissions.ts'
import { hostAddresses } from '../../sources/dns/host-addresses.ts'
import { tryResolver } from '../../sources/dns/permissions.ts'
import type { AccessDeps, CheckAccess } from '../signal.ts'
import { accountKey, familyOf } from './discovery.ts'
import type { LoadBalancerOptions } from './options.ts'

export const checkAccess: CheckAccess<readonly LoadBalancerOptions[]> = async (options, deps) => {
  const accounts = [...Map.groupBy(options, accountKey).values()]
  return (await Promise.all(accounts.map((entries) => checkAccount(entries, deps)))).flat()
}

/** Entries of one account and region make their calls together. */
async function checkAccount(entries: readonly LoadBalancerOptions[], deps: AccessDeps): Promise<readonly Access[]> {
  const [first] = entries
  if (first === undefined) return []
  const { region, roleArn, endpoint } = first
  const families = new Set(entries.flatMap(({ types }) => types.map((type) => familyOf({ type }))))
  const needs = {
    classic: families.has('classic'),
    v2: families.has('v2'),
    tags: entries.some(({ tags }) => Object.keys(tags).length > 0),
    interfaces: entries.some(({ interfaces }) => interfaces),
  }
  const account = {
    region,
    ...(roleArn === undefined ? {} : { roleArn }),
    ...(endpoint === undefined ? {} : { endpoint }),
    onAttempt: () => undefined,
    now: () => deps.clock.now(),
    addressesOf: hostAddresses(deps),
  }
  const { access, dnsNames } = await tryAwsCalls(account, needs, deps)
  const resolvers = [...new Set(entries.flatMap((entry) => entry.resolvers))]
  const [hostname] = dnsNames
  const asked = resolvers.map(async (resolver) =>
    hostname === undefined
      ? notTried(
          { call: `DNS query to ${resolver}`, on: region },
          'no load balancer was seen whose name could be asked',
        )
      : await tryResolver(resolver, { hostname, type: 'A' }, deps),
  )
  return [...access, ...(await Promise.all(asked))]
}
