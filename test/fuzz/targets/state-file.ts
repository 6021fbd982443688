/** A state file after a crash, a full disk or an editor. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createLogger } from '../../../exporter/service/log.ts'
import { StateFile } from '../../../exporter/service/state-file.ts'
import { readBook as readAnswerBook, step } from '../../../exporter/signals/dns/answers.ts'
import { bookReader } from '../../../exporter/signals/elb/book.ts'
import type { FuzzTarget } from '../target.ts'

const clock = { now: () => 1_767_225_600_000, monotonic: () => 0, sleep: () => Promise.resolve() }
const log = createLogger('error', 'json', { write: () => undefined })
const owner = 'prod dns'
const readElbBook = bookReader()
const membership = {
  absences: [
    ['10.0.0.1', 0],
    ['10.0.0.2', 1],
  ],
  settling: 0,
  empties: 0,
}
const lb = {
  id: 'api',
  name: 'api',
  type: 'classic',
  scheme: 'internal',
  dnsName: 'api.example.com',
  dualstack: false,
  interfaceDescription: 'ELB api',
  zoneAddresses: [],
}
const addresses = { membership, retired: [{ address: '10.0.0.9', zone: 'a', atMs: 5 }], zones: [] }
const elb = { version: 1, label: 'api', account: 'us-west-2', lb, addresses }

/** It is read, or set aside and told; what is read can be worked with and is written back whole. */
export const stateFile: FuzzTarget = {
  name: 'state-file',
  seeds: () =>
    [
      { version: 1, owners: { [owner]: { 'api A system': { membership, lastChangeMs: 7 }, elb } } },
      { version: 1, owners: {} },
      { version: 2, owners: {} },
    ].map((state) => Buffer.from(JSON.stringify(state))),
  async run(data) {
    const folder = mkdtempSync(join(tmpdir(), 'fuzz-state-'))
    try {
      writeFileSync(join(folder, 'state.json'), data)
      await readAndGoOn(folder)
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  },
}

async function readAndGoOn(folder: string): Promise<void> {
  const onSaved = (ok: boolean) => assert.ok(ok, 'what was read can be written')
  const state = await StateFile.open(folder, { clock, log, onSaved })
  const damaged = (await readdir(folder)).some((name) => name.includes('.damaged-'))
  const books = state.owner(owner)
  const before = books.keys().length
  for (const key of books.keys()) useBook(books.get(key))
  assert.ok(!damaged || before === 0, 'a file that was set aside is not used')
  books.set('new', { membership })
  await state.flush()
  const again = (await StateFile.open(folder, { clock, log, onSaved })).owner(owner)
  assert.deepEqual(again.keys().toSorted(), books.keys().toSorted(), 'what is written is read')
  await rm(join(folder, 'state.json'))
}

function useBook(saved: unknown): void {
  readElbBook(saved)
  const book = readAnswerBook(saved)
  if (book === undefined) return
  const snapshot = { rcode: 'NOERROR', records: ['10.0.0.1'], chain: [], server: 's' } as const
  const { next } = step(book, { ok: true, atMs: 9, snapshot })
  assert.ok(next?.membership.absences.some(([member]) => member === '10.0.0.1'))
}
