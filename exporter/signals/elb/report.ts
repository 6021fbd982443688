/** What people are told of a load balancer: the words of a change, and its part of the status. */
import { isoTime } from '../../core/iso-time.ts'
import { type AddressBook, type AddressInSight, type AddressState, activeAddresses } from './addresses.ts'

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
