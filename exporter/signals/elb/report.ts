/** What people are told of a load balancer: the words of a change, and its part of the status. */
import { isoTime } from '../../core/iso-time.ts'
import type { Failure } from '../../core/poll.ts'
import type { Attempt, LoadBalancer } from '../../sources/aws/types.ts'
import type { Exchange } from '../signal.ts'
import { answerLine, decision, named as listed } from '../told.ts'
import { type AddressBook, type AddressInSight, type AddressState, activeAddresses } from './addresses.ts'
import type { NameAnswer } from './observation.ts'
import type { LoadBalancerOptions } from './options.ts'

export function changeMessage(
  label: string,
  book: AddressBook,
  { added, removed }: { readonly added: readonly string[]; readonly removed: readonly string[] },
): string {
  const zones = new Map([...book.zones, ...book.retired].map(({ address, zone }) => [address, zone]))
  const named = (addresses: readonly string[]) =>
    addresses.map((address) => (zones.get(address) ? `${address} (${zones.get(address)})` : address)).join(', ')
  const parts = [
    ...(removed.length > 0 ? [`lost ${named(removed)}`] : []),
    ...(added.length > 0 ? [`got ${named(added)}`] : []),
  ]
  const count = activeAddresses(book).length
  return `load balancer ${label} ${parts.join(' and ')}: ${count} ${count === 1 ? 'address' : 'addresses'} now`
}

export function addressStatus(book: AddressBook, seen: readonly AddressInSight[]): object {
  const left = new Map(book.retired.map(({ address, atMs }) => [address, atMs]))
  const inState = (wanted: AddressState) =>
    seen
      .filter(({ state }) => state === wanted)
      .map(({ address, zone }) => {
        const atMs = left.get(address)
        const retired = wanted === 'retired' || wanted === 'dead'
        return retired ? { address, zone, since: isoTime(atMs) } : { address, zone }
      })
  return {
    active: inState('active'),
    pending: inState('pending'),
    retired: inState('retired'),
    dead: inState('dead'),
    last_added: isoTime(book.lastAddedMs),
    last_removed: isoTime(book.lastRemovedMs),
  }
}

/** One look at a load balancer in DNS, for people who ask why. */
export function lookExchange(
  { label, lb }: { readonly label: string; readonly lb: LoadBalancer },
  answers: readonly NameAnswer[],
  held: readonly string[],
  step: Parameters<typeof decision>[0],
): Exchange {
  const stay = held.length === 0 ? '' : `; of ${listed(held)} the absence would tell nothing this time`
  return {
    asked: `${label}: ${lb.dnsName} and all.${lb.dnsName}`,
    came: answers.map(({ resolver, type, wide, late, poll }) => {
      const asked = `${wide ? 'all. ' : ''}${type} at ${resolver}`
      return `${asked}${late === true ? ', late' : ''}: ${answerLine(poll)}`
    }),
    decided: `${decision(step)}${stay}`,
  }
}

/** One round of AWS calls in an account. */
export function discoveryExchange(
  account: string,
  entries: readonly LoadBalancerOptions[],
  attempts: readonly Attempt[],
  failures: readonly Failure[],
  watched: readonly string[],
): Exchange {
  const wanted = entries.map(({ names, tags, types }) => {
    const tagged = Object.entries(tags).map(([key, value]) => `${key}=${value}`)
    return `${types.join('/')} ${[...names, ...tagged].join(', ')}`
  })
  const calls = Map.groupBy(attempts, ({ service, operation, code }) => `${service} ${operation}: ${code}`)
  return {
    asked: `AWS ${account} for ${wanted.join('; ')}`,
    came: [
      ...[...calls].map(([call, times]) => (times.length === 1 ? call : `${call}, ${times.length} times`)),
      ...failures.map(({ reason, message }) => `${reason}: ${message}`),
    ],
    decided: `${failures.length === 0 ? '' : 'what was known stays where AWS did not answer; '}watched: ${listed(watched)}`,
  }
}
