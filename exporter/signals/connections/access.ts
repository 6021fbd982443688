import { allowed, refused } from '../../core/access.ts'
import { mountAdvice, readConnections } from '../../sources/proc/connections.ts'
import type { CheckAccess } from '../signal.ts'
import type { ConnectionsOptions } from './options.ts'

/** Reads the tables whole, as the collector does. */
export const checkAccess: CheckAccess<ConnectionsOptions> = async ({ proc }, { clock, signal, turn }) => {
  const asked = { call: 'read TCP connections', on: proc }
  const poll = await turn(() => readConnections(proc, [], { clock, signal }))
  if (poll.ok) return [allowed(asked)]
  const { reason, message } = poll.failure
  const absent = reason === 'not_found'
  return [refused(asked, absent ? { reason: 'denied', message } : poll.failure, mountAdvice(proc))]
}
