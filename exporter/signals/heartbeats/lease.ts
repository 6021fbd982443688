/** What of a lease is kept. */
import { fields } from '../../core/json.ts'

export interface Lease {
  /** A node's lease has the name of the node. */
  readonly node: string
  /** By the clock of the kubelet, ms since the epoch; NaN before the first renewal. */
  readonly renewedMs: number
}

/** A Lease of coordination.k8s.io/v1; undefined where it is none. */
export function pruneLease(object: unknown): Lease | undefined {
  const name = fields(fields(object).metadata).name
  if (typeof name !== 'string' || name === '') return undefined
  const { renewTime } = fields(fields(object).spec)
  return { node: name, renewedMs: typeof renewTime === 'string' ? Date.parse(renewTime) : Number.NaN }
}
