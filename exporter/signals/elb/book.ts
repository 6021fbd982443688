import { Ajv } from 'ajv'
import { maxTimeMs } from '../../core/iso-time.ts'
import type { LoadBalancer } from '../../sources/aws/types.ts'
import type { AddressBook } from './addresses.ts'

/** What is saved of one load balancer: enough to go on asking DNS for it while AWS does not answer. */
export interface Book {
  readonly version: 1
  readonly label: string
  /** Which account and region it was found in, see `accountKey`. */
  readonly account: string
  readonly lb: LoadBalancer
  readonly addresses: AddressBook
}

const text = { type: 'string' }
const time = { type: 'number', minimum: 0, maximum: maxTimeMs }
const count = { type: 'integer', minimum: 0 }
const placed = { type: 'object', required: ['address', 'zone'], properties: { address: text, zone: text } }

const membership = {
  type: 'object',
  required: ['absences', 'settling', 'empties'],
  properties: {
    absences: { type: 'array', items: { type: 'array', items: [text, count], minItems: 2, additionalItems: false } },
    settling: count,
    empties: count,
  },
}

const schema = {
  type: 'object',
  required: ['version', 'label', 'account', 'lb', 'addresses'],
  properties: {
    version: { const: 1 },
    label: text,
    account: text,
    lb: {
      type: 'object',
      required: ['id', 'name', 'type', 'scheme', 'dnsName', 'dualstack', 'interfaceDescription', 'zoneAddresses'],
      properties: {
        ...Object.fromEntries(
          ['id', 'name', 'type', 'scheme', 'dnsName', 'interfaceDescription'].map((key) => [key, text]),
        ),
        dualstack: { type: 'boolean' },
        zoneAddresses: { type: 'array', items: placed },
      },
    },
    addresses: {
      type: 'object',
      required: ['retired', 'zones'],
      properties: {
        membership,
        retired: {
          type: 'array',
          items: { ...placed, required: ['address', 'zone', 'atMs'], properties: { ...placed.properties, atMs: time } },
        },
        zones: { type: 'array', items: placed },
        owned: { type: 'array', items: text },
        lastAddedMs: time,
        lastRemovedMs: time,
      },
    },
  },
}

/** Reads a saved book. Undefined where an older or newer version wrote it, or a hand. */
export function bookReader(): (saved: unknown) => Book | undefined {
  const valid = new Ajv({ strictTuples: false }).compile<Book>(schema)
  return (saved) => (valid(saved) && eachOnce(saved) ? saved : undefined)
}

/** An address that stands twice would be two series of one name. */
function eachOnce({ addresses: { membership, retired, zones } }: Book): boolean {
  const members = (membership?.absences ?? []).map(([member]) => member)
  const lists = [members, ...[retired, zones].map((placed) => placed.map(({ address }) => address))]
  return lists.every((list) => new Set(list).size === list.length)
}
