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
    const alias = reply.answers.find((record) => record.type === 'CNAME' && record.name === end)
    if (alias === undefined) break
    ttlSeconds = Math.min(ttlSeconds, alias.ttlSeconds)
    end = alias.data
    aliases.push(end)
  }
  const known = zone === undefined || isWithin(end, zone)
  if (!known || aliases.length > maxAliases) return { aliases, ttlSeconds, records: undefined }
  const found = reply.answers.filter((record) => record.type === type && record.name === end)
  for (const record of found) ttlSeconds = Math.min(ttlSeconds, record.ttlSeconds)
  const unfinished = found.length === 0 && aliases.length > 0 && !saysNone(reply, end)
  return { aliases, ttlSeconds, records: unfinished ? undefined : sortedData(found) }
}

/** true where the reply itself says that the name has no such record, and not only that it did not look. */
function saysNone(reply: Reply, end: string): boolean {
  return reply.rcode === 'NXDOMAIN' || (reply.soa !== undefined && isWithin(end, reply.soa.zone))
}

function sortedData(records: readonly ReplyRecord[]): string[] {
  const data = records.map((record) => record.data).sort()
  return data.filter((text, index) => text !== data[index - 1])
}

export function isWithin(name: string, zone: string): boolean {
  return zone === '.' || name === zone || name.endsWith(`.${zone}`)
}
