/** Says in words what happens in the lab. What happens to many kubelets at nearly one moment is one line. */
import type { LabEvent } from '../lab.ts'
import type { Detection } from '../story/kubelets.ts'
import type { Action } from '../story/scenario.ts'
import { listed, plural } from './output.ts'

export interface Said {
  readonly atMs: number
  readonly text: string
}

export interface Counts {
  readonly notReady: number
  readonly total: number
}

/** `notReady` and `total` nodes after these events. Events come by time, and so do the lines. */
export function narrate(events: readonly LabEvent[], counts: Counts): Said[] {
  const groups = [...Map.groupBy(events, (event, index) => groupOf(event) ?? index).values()]
  const said = groups.flatMap((group): Said[] => {
    const [first] = group
    const text = first === undefined ? undefined : (together(first, group, counts) ?? single(first))
    return first === undefined || text === undefined ? [] : [{ atMs: first.atMs, text }]
  })
  return said.sort((left, right) => left.atMs - right.atMs)
}

/** Undefined: told one by one. */
function groupOf(event: LabEvent): string | undefined {
  if (event.kind === 'ready') return `ready ${event.ready}`
  return ['action', 'address', 'switched'].includes(event.kind) ? undefined : event.kind
}

function together(first: LabEvent, group: readonly LabEvent[], { notReady, total }: Counts): string | undefined {
  const nodes = plural(group.length, 'node')
  const kubelets = plural(group.length, 'kubelet')
  switch (first.kind) {
    case 'stalled':
      return `${kubelets} held ${first.address}: their lease renewals are lost, no reset comes`
    case 'reconnected':
      return `${gaveUp[first.after]}: ${kubelets} dialled anew, to ${addressesOf(group)}`
    case 'ready':
      return first.ready === 'True'
        ? `${nodes} Ready; ${notReady} of ${total} not ready`
        : `node controller: ${nodes} ${first.ready}, "Kubelet stopped posting node status."; ${notReady} of ${total} not ready`
    case 'added':
      return `${nodes} new, not Ready yet`
    case 'cordoned':
    case 'deleting':
    case 'removed':
      return `${nodes} ${first.kind}`
    default:
      return undefined
  }
}

const gaveUp: Readonly<Record<Detection, string>> = {
  tcp_retries: 'TCP gave up',
  http2_ping: 'HTTP/2 pings went unanswered',
}

function addressesOf(group: readonly LabEvent[]): string {
  return listed([...new Set(group.flatMap((event) => (event.kind === 'reconnected' ? [event.address] : [])))].sort())
}

const changes: Readonly<Record<Extract<LabEvent, { kind: 'address' }>['change'], string>> = {
  appears: 'gets its network interface',
  joins: 'joins DNS',
  leaves: 'leaves DNS',
  dies: 'is dead: its network interface is deleted',
}

const actions: Partial<Readonly<Record<Action['do'], string>>> = {
  resolver_lags: 'the caching resolver keeps the answers it has',
  resolver_follows: 'the caching resolver asks anew',
  resolver_fails: 'the caching resolver answers SERVFAIL',
  resolver_recovers: 'the caching resolver answers again',
  aws_throttles: 'AWS throttles every call',
  aws_recovers: 'AWS answers again',
}

function single(event: LabEvent): string | undefined {
  if (event.kind === 'address') return `${event.address} ${changes[event.change]}`
  if (event.kind === 'switched') return `the record of the API is switched to ${listed(event.to)}`
  return event.kind === 'action' ? actions[event.action.do] : undefined
}
