import { hostAddresses } from '../../sources/dns/host-addresses.ts'
import { type Right, tryRights } from '../../sources/kubernetes/permissions.ts'
import type { CheckAccess } from '../signal.ts'
import type { NodesOptions } from './options.ts'

export const rights: readonly Right[] = [
  { verb: 'list', group: '', resource: 'nodes' },
  { verb: 'watch', group: '', resource: 'nodes' },
]

export const checkAccess: CheckAccess<NodesOptions> = async (options, deps) =>
  await tryRights(options, rights, { ...deps, addressesOf: hostAddresses(deps) })
