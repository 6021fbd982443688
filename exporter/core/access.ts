/** What became of a call that the exporter would make, tried beforehand to see whether it may. */
import type { Failure, FailureReason } from './poll.ts'

export const verdicts = [
  'ok',
  'missing', // the other side answered, and does not allow it
  'credentials', // none, expired, or not accepted
  'unreachable', // nobody answered
  'wrong endpoint', // somebody answered who is not who was meant
  'failing', // the right one answered that it cannot now
  'not tried', // it takes what another call would have given
] as const

export type Verdict = (typeof verdicts)[number]

export interface Access {
  /** In the words of whoever grants it: `ec2:DescribeNetworkInterfaces`, `list nodes`. */
  readonly call: string
  /** On what or of whom: a region, a server, a path. */
  readonly on: string
  readonly verdict: Verdict
  /** What was seen, and what to do; empty where all is well. */
  readonly detail: string
  /** What to grant, to be copied; only where it is missing. */
  readonly grant?: string
}

/** Runs the work when it is its turn. */
export type Turn = <T>(work: () => Promise<T>) => Promise<T>

export type Asked = Pick<Access, 'call' | 'on'>

export function allowed(asked: Asked): Access {
  return { ...asked, verdict: 'ok', detail: '' }
}

export function notTried(asked: Asked, detail: string): Access {
  return { ...asked, verdict: 'not tried', detail }
}

export function refused(asked: Asked, { reason, message }: Failure, grant: string): Access {
  const verdict = verdictOf(reason)
  return { ...asked, verdict, detail: message, ...(verdict === 'missing' && { grant }) }
}

function verdictOf(reason: FailureReason): Verdict {
  switch (reason) {
    case 'denied':
      return 'missing'
    case 'expired':
      return 'credentials'
    case 'network':
    case 'timeout':
    case 'tls':
      return 'unreachable'
    case 'malformed':
    case 'not_found':
      return 'wrong endpoint'
    case 'throttled':
    case 'server':
    case 'limit':
    case 'internal':
      return 'failing'
  }
}

/** At most so many works at once; the others wait, first come, first served. */
export function atMost(places: number): Turn {
  let free = places
  const waiting: (() => void)[] = []
  return async (work) => {
    if (free > 0) free -= 1
    else await new Promise<void>((resolve) => waiting.push(resolve))
    try {
      return await work()
    } finally {
      const next = waiting.shift()
      if (next === undefined) free += 1
      else next()
    }
  }
}
