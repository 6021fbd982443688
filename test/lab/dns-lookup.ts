/** What a lab DNS server answers, before any misbehaviour. */
import type { Answer } from 'dns-packet'
import type { LabRcode } from './dns-behaviour.ts'
import { canonicalName, type LabRecords, parent } from './dns-records.ts'

export interface Found {
  readonly rcode: LabRcode
  readonly answers: readonly Answer[]
  readonly authorities: readonly Answer[]
  readonly authoritative: boolean
}

interface Asked {
  readonly name: string
  readonly type: string
}

const maxHops = 16

export function refusal(rcode: LabRcode): Found {
  return { rcode, answers: [], authorities: [], authoritative: false }
}

/** No zones: a recursive resolver that knows all records. */
export function lookUp(query: Asked, zones: readonly string[], records: LabRecords, followCname = true): Found {
  const authoritative = zones.length > 0
  if (authoritative && !inZones(query.name, zones)) return refusal('REFUSED')
  const cut = authoritative ? delegation(query.name, zones, records) : undefined
  if (cut !== undefined) {
    return { rcode: 'NOERROR', answers: [], authorities: records.take(cut, 'NS'), authoritative: false }
  }
  const answers: Answer[] = []
  let name = query.name
  for (let hop = 0; hop < maxHops && query.type !== 'CNAME'; hop++) {
    const [alias] = records.take(name, 'CNAME')
    if (alias?.type !== 'CNAME') break
    answers.push(alias)
    name = canonicalName(alias.data)
    const leaves = authoritative && !inZones(name, zones)
    if (!followCname || leaves) return { rcode: 'NOERROR', answers, authorities: [], authoritative }
  }
  const found = records.take(name, query.type)
  const soa = found.length === 0 ? records.soa(name) : undefined
  const rcode = found.length === 0 && !records.exists(name) ? 'NXDOMAIN' : 'NOERROR'
  return { rcode, answers: [...answers, ...found], authorities: soa === undefined ? [] : [soa], authoritative }
}

function inZones(name: string, zones: readonly string[]): boolean {
  return zones.some((zone) => name === zone || name.endsWith(`.${zone}`))
}

/** The name between the query and its zone that is delegated to other servers, where there is one. */
function delegation(asked: string, zones: readonly string[], records: LabRecords): string | undefined {
  for (let name = asked; name !== '' && !zones.includes(name); name = parent(name)) {
    if (records.has(name, 'NS')) return name
  }
  return undefined
}
