import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type Book, bookReader } from '../../../../exporter/signals/elb/book.ts'

const book: Book = {
  version: 1,
  label: 'k8s-api',
  account: 'us-west-2',
  lb: {
    id: 'k8s-api',
    name: 'k8s-api',
    type: 'classic',
    scheme: 'internal',
    dnsName: 'k8s-api.elb.test',
    dualstack: false,
    interfaceDescription: 'ELB k8s-api',
    zoneAddresses: [{ address: '192.0.2.1', zone: 'us-west-2a' }],
  },
  addresses: {
    membership: { absences: [['192.0.2.1', 0]], settling: 0, empties: 0 },
    retired: [{ address: '192.0.2.2', zone: '', atMs: 1 }],
    zones: [{ address: '192.0.2.1', zone: 'us-west-2a' }],
    lastAddedMs: 1,
    lastRemovedMs: 2,
  },
}

describe('a saved book', () => {
  const read = bookReader()

  it('is read as it was written', () => {
    assert.deepEqual(read(JSON.parse(JSON.stringify(book))), book)
    assert.ok(read({ ...book, addresses: { retired: [], zones: [] } }))
    assert.ok(read({ ...book, addresses: { ...book.addresses, owned: ['192.0.2.1'] } }))
  })

  it('of another version, or mangled, is not read', () => {
    const mangled: unknown[] = [
      undefined,
      null,
      'text',
      {},
      { ...book, version: 2 },
      { ...book, lb: { ...book.lb, dnsName: 7 } },
      { ...book, lb: undefined },
      { ...book, addresses: { ...book.addresses, retired: [{ address: '192.0.2.2' }] } },
      { ...book, addresses: { ...book.addresses, membership: { absences: ['192.0.2.1'], settling: 0, empties: 0 } } },
      { ...book, addresses: { ...book.addresses, membership: { absences: [[1, 'x']], settling: 0, empties: 0 } } },
      { ...book, addresses: { ...book.addresses, owned: [7] } },
      { ...book, addresses: { ...book.addresses, lastAddedMs: 'yesterday' } },
      { ...book, addresses: { ...book.addresses, lastRemovedMs: 8.64e15 + 1 } },
      { ...book, addresses: { ...book.addresses, retired: [{ address: 'a', zone: '', atMs: 1e300 }] } },
      { ...book, addresses: { ...book.addresses, retired: [1, 2].map((atMs) => ({ address: 'a', zone: '', atMs })) } },
      {
        ...book,
        addresses: {
          ...book.addresses,
          membership: { absences: [0, 1].map((missed) => ['192.0.2.1', missed]), settling: 0, empties: 0 },
        },
      },
    ]
    for (const one of mangled) assert.equal(read(one), undefined, JSON.stringify(one))
  })
})
