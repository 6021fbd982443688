import { tryResolver } from '../../sources/dns/permissions.ts'
import type { CheckAccess } from '../signal.ts'
import type { DnsOptions } from './options.ts'

/** Each resolver once, by the first of the names: what keeps one name from its answer is no lack of a permission. */
export const checkAccess: CheckAccess<DnsOptions> = async ({ resolvers, names }, deps) => {
  const [first] = names
  const [type] = first?.types ?? []
  if (first === undefined || type === undefined) return []
  const question = { hostname: first.hostname, type }
  return await Promise.all([...new Set(resolvers)].map((resolver) => tryResolver(resolver, question, deps)))
}
