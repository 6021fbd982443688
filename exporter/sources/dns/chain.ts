/** CNAME chains: what one reply says about a name. Pure. */
import type { RecordType } from './client.ts'
import type { Reply, ReplyRecord } from './wire.ts'

/** More aliases than this in a row are a fault of the zone; resolvers give up at 8 to 16. */
export const maxAliases = 16

export interface ChainStep {
  /** the aliases followed inside this reply */
  readonly aliases: readonly string[]
  /** least TTL of what was used, in seconds; Infinity where nothing was */
  readonly ttlSeconds: number
  /** The records at the end, or undefined where the last alias must be asked for anew. */
  readonly records: readonly string[] | undefined
}

/**
 * Follows `name` through the reply. `zone`: the server knows only names in it, so the rest of the chain, and the
 * response code that tells of its end (RFC 6604), are not believed beyond it.
 */
export function followChain(reply: Reply, name: string, type: RecordType, zone?: string): ChainStep {
  const aliases: string[] = []
  let ttlSeconds = Infinity
  let end = name
  while (type !== 'CNAME' && aliases.length <= maxAliases && (zone === undefined || isWithin(end, zone))) {
    const alias = aliasOf(end, reply)
    if (alias === undefined) break
    ttlSeconds = Math.min(ttlSeconds, alias.ttlSeconds)
    end = alias.data
    aliases.push(end)
  }
  const known = zone === undefined || isWithin(end, zone)
  if (!known || aliases.length > maxAliases) return { aliases, ttlSeconds, records: undefined }
  const records: string[] = []
  for (const record of reply.answers) {
    if (record.type !== type || record.name !== end) continue
    ttlSeconds = Math.min(ttlSeconds, record.ttlSeconds)
    records.push(record.data)
  }
  const unfinished = records.length === 0 && aliases.length > 0 && !saysNone(reply, end)
  return { aliases, ttlSeconds, records: unfinished ? undefined : sortedOnce(records) }
}

function aliasOf(name: string, { answers }: Reply): ReplyRecord | undefined {
  for (const record of answers) if (record.type === 'CNAME' && record.name === name) return record
  return undefined
}

/** true where the reply itself says that the name has no such record, and not only that it did not look. */
function saysNone(reply: Reply, end: string): boolean {
  return reply.rcode === 'NXDOMAIN' || (reply.soa !== undefined && isWithin(end, reply.soa.zone))
}

/** Up to so many are sorted by insertion, which makes no copies as `sort` does. Nearly all answers are that short. */
const shortAnswer = 16

/** Sorted, each once. */
function sortedOnce(texts: string[]): string[] {
  if (texts.length > shortAnswer) return [...new Set(texts)].sort()
  const sorted: string[] = []
  for (const text of texts) {
    let place = sorted.length
    while (place > 0 && text < (sorted[place - 1] ?? '')) place--
    if (place > 0 && sorted[place - 1] === text) continue
    for (let index = sorted.length; index > place; index--) sorted[index] = sorted[index - 1] ?? ''
    sorted[place] = text
  }
  return sorted
}

export function isWithin(name: string, zone: string): boolean {
  return zone === '.' || name === zone || name.endsWith(`.${zone}`)
}
