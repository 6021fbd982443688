/** The records of a lab DNS server. Several servers may share one set, so that a change reaches all of them at once. */
import type { Answer, SoaAnswer } from 'dns-packet'

export type LabRecordType = 'A' | 'AAAA' | 'CNAME' | 'NS' | 'SRV'

export interface RecordOptions {
  /** seconds; default 60 */
  readonly ttl?: number
  /** Each query starts one record further on. Default false: always the given order. */
  readonly rotate?: boolean
  /** At most this many records in one answer, a window that moves on by its own size, as load balancer names do with 8. */
  readonly limit?: number
}

interface Entry {
  readonly type: LabRecordType
  readonly data: readonly string[]
  readonly options: RecordOptions
  asked: number
}

const defaultTtl = 60

export function canonicalName(name: string): string {
  return name.toLowerCase().replace(/\.$/, '')
}

export class LabRecords {
  readonly #entries = new Map<string, Entry>()
  readonly #names = new Map<string, number>()
  readonly #zones = new Map<string, { readonly ttl: number; serial: number }>()

  /** Replaces the records of (name, type). SRV data is text: `priority weight port target`. No data: removes them. */
  set(name: string, type: LabRecordType, data: readonly string[], options: RecordOptions = {}): void {
    const owner = canonicalName(name)
    this.remove(owner, type)
    if (data.length === 0) return
    this.#entries.set(`${owner} ${type}`, { type, data, options, asked: 0 })
    this.#names.set(owner, (this.#names.get(owner) ?? 0) + 1)
    for (const zone of this.#zones.values()) zone.serial++
  }

  remove(name: string, type: LabRecordType): void {
    const owner = canonicalName(name)
    if (!this.#entries.delete(`${owner} ${type}`)) return
    const left = (this.#names.get(owner) ?? 1) - 1
    if (left === 0) this.#names.delete(owner)
    else this.#names.set(owner, left)
  }

  /** A SOA record at the apex: negative answers below it carry it. `ttl` in seconds is also the negative TTL. */
  setSoa(apex: string, ttl = defaultTtl): void {
    this.#zones.set(canonicalName(apex), { ttl, serial: 1 })
  }

  /** Whether the name or one below it exists; if not, the answer is NXDOMAIN. */
  exists(name: string): boolean {
    if (this.#names.has(name) || this.#zones.has(name)) return true
    for (const known of this.#names.keys()) if (known.endsWith(`.${name}`)) return true
    return false
  }

  has(name: string, type: LabRecordType): boolean {
    return this.#entries.has(`${name} ${type}`)
  }

  /** The records as the next answer gives them: rotated and cut to the window. */
  take(name: string, type: string): Answer[] {
    const entry = this.#entries.get(`${name} ${type}`)
    if (entry === undefined) return []
    const { rotate = false, limit = entry.data.length, ttl = defaultTtl } = entry.options
    const step = limit < entry.data.length ? limit : 1
    const start = rotate || limit < entry.data.length ? (entry.asked++ * step) % entry.data.length : 0
    const turned = [...entry.data.slice(start), ...entry.data.slice(0, start)]
    return turned.slice(0, limit).map((data) => toRecord(name, entry.type, data, ttl))
  }

  /** The nearest SOA at or above the name. */
  soa(name: string): SoaAnswer | undefined {
    for (let owner = name; owner !== ''; owner = parent(owner)) {
      const zone = this.#zones.get(owner)
      if (zone === undefined) continue
      const data = { mname: `ns.${owner}`, rname: `hostmaster.${owner}`, serial: zone.serial, minimum: zone.ttl }
      return { type: 'SOA', name: owner, ttl: zone.ttl, data }
    }
    return undefined
  }
}

export function parent(name: string): string {
  const dot = name.indexOf('.')
  return dot === -1 ? '' : name.slice(dot + 1)
}

function toRecord(name: string, type: LabRecordType, data: string, ttl: number): Answer {
  if (type !== 'SRV') return { type, name, ttl, data }
  const [priority, weight, port, target = ''] = data.split(' ')
  return { type, name, ttl, data: { priority: Number(priority), weight: Number(weight), port: Number(port), target } }
}
