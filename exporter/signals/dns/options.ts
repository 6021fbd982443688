import type { RecordType, ResolverName } from '../../sources/dns/client.ts'

/** The config section `dns` of one cluster, with its defaults filled in. */
export interface DnsOptions {
  readonly resolvers: readonly ResolverName[]
  readonly names: readonly { readonly hostname: string; readonly types: readonly RecordType[] }[]
}
