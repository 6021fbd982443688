import { hostAddresses } from '../../sources/dns/host-addresses.ts'
import { type Right, tryRights } from '../../sources/kubernetes/permissions.ts'
import type { CheckAccess } from '../signal.ts'
import type { HeartbeatsOptions } from './options.ts'

export const rights: readonly Right[] = [
  { verb: 'list', group: 'coordination.k8s.io', resource: 'leases', namespace: 'kube-node-lease' },
]

export const checkAccess: CheckAccess<HeartbeatsOptions> = async (options, deps) =>
  await tryRights(options, rights, { ...deps, addressesOf: hostAddresses(deps) })
