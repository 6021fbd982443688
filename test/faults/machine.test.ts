/** Every fault of the machine, each in an exporter of its own. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { massChange, slowClients } from './machine/load.ts'
import type { Play } from './machine/play.ts'
import {
  clockAhead,
  clockBack,
  clockTwice,
  coldStart,
  deadNameservers,
  descriptors,
  memory,
  stopped,
} from './machine/process.ts'
import { diskFull, killed, readOnly, stateCut, terminated } from './machine/storage.ts'
import { type MachineFaultId, machineFaults } from './machine.ts'

const plays: Readonly<Record<MachineFaultId, Play>> = {
  'disk-full': diskFull,
  'read-only': readOnly,
  'state-cut': stateCut,
  killed,
  terminated,
  'clock-back': clockBack,
  'clock-ahead': clockAhead,
  'clock-twice': clockTwice,
  descriptors,
  memory,
  stopped,
  'slow-clients': slowClients,
  'mass-change': massChange,
  'dead-nameservers': deadNameservers,
  'cold-start': coldStart,
}

describe('faults of the machine', { concurrency: 4 }, () => {
  for (const { id, title, recoversMs } of machineFaults) {
    it(`${id}: ${title}`, async (t) => {
      const took = await plays[id](t)
      t.diagnostic(`${id}: well after ${(took / 1_000).toFixed(1)} s`)
      assert.ok(took <= recoversMs, `well only after ${took} ms`)
    })
  }
})
