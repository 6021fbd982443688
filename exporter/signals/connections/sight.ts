/**
 * Which addresses of a hostname are looked for among the connections of this machine: those in DNS, and those that were.
 * Pure.
 */
import { maxTimeMs } from '../../core/iso-time.ts'
import { isObject } from '../../core/json.ts'
import { canonicalAddress } from '../../sources/address.ts'
import type { WatchedAnswer } from '../views.ts'

export interface Retired {
  readonly address: string
  /** When it left DNS, ms since the epoch. */
  readonly atMs: number
}

/** JSON-safe, since it is saved. */
export interface AddressBook {
  /** In the answer of a resolver, sorted. */
  readonly active: readonly string[]
  /** Oldest first. */
  readonly retired: readonly Retired[]
}

/** What DNS says of one hostname. */
export interface HostnameAnswer {
  readonly addresses: readonly string[]
  /** false while a resolver or a record type has given no answer yet: then nothing has left. */
  readonly complete: boolean
}

/** Bounds what a name that answers with something new each time can make of a book. */
export const retiredLimit = 500

const addressTypes: ReadonlySet<string> = new Set(['A', 'AAAA'])

/** By hostname, the addresses in the answers of any resolver. Names that are watched for other records only are left out. */
export function answersByHostname(answers: readonly WatchedAnswer[]): Map<string, HostnameAnswer> {
  const ofAddresses = answers.filter(({ question }) => addressTypes.has(question.type))
  const byHostname = Map.groupBy(ofAddresses, ({ question }) => question.hostname)
  return new Map(
    [...byHostname].map(([hostname, own]) => [
      hostname,
      {
        addresses: [...new Set(own.flatMap(({ records }) => records ?? []))].sort(),
        complete: own.every(({ records }) => records !== undefined),
      },
    ]),
  )
}

/** Undefined as long as nothing is known. */
export function stepBook(
  previous: AddressBook | undefined,
  { addresses, complete }: HostnameAnswer,
  nowMs: number,
): AddressBook | undefined {
  const before = previous?.active ?? []
  const active = complete ? addresses : [...new Set([...before, ...addresses])].sort()
  if (previous === undefined && !complete && active.length === 0) return undefined
  const now = new Set(active)
  const left = before.filter((address) => !now.has(address)).map((address) => ({ address, atMs: nowMs }))
  const retired = (previous?.retired ?? []).filter(({ address }) => !now.has(address))
  return { active, retired: [...retired, ...left].slice(-retiredLimit) }
}

/** An address that left is kept for the retention, and for as long as this machine has a connection to it. */
export function expire(
  book: AddressBook,
  connected: (address: string) => boolean,
  nowMs: number,
  retentionMs: number,
): AddressBook {
  const retired = book.retired.filter(({ address, atMs }) => nowMs - atMs < retentionMs || connected(address))
  return retired.length === book.retired.length ? book : { ...book, retired }
}

/** A saved book, or undefined where it is not one: the file may be from another version, or edited. */
export function readBook(saved: unknown): AddressBook | undefined {
  if (!isObject(saved)) return undefined
  const { active, retired } = saved
  if (!Array.isArray(active) || !active.every(isAddress)) return undefined
  if (!Array.isArray(retired) || !retired.every(isRetired)) return undefined
  // An address that stands twice would have its connections counted twice.
  const all = [...active, ...retired.map(({ address }) => address)]
  return new Set(all).size === all.length ? { active, retired } : undefined
}

function isRetired(value: unknown): value is Retired {
  if (!isObject(value) || !isAddress(value.address) || typeof value.atMs !== 'number') return false
  return value.atMs >= 0 && value.atMs <= maxTimeMs
}

function isAddress(value: unknown): value is string {
  return typeof value === 'string' && canonicalAddress(value) === value
}
