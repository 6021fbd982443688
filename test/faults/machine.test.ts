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

/** Their labs keep this process busy for seconds, so that they would be faults of the others too. */
const heavy: readonly MachineFaultId[] = ['memory', 'mass-change']

function play({ id, title, recoversMs }: (typeof machineFaults)[number]): void {
  it(`${id}: ${title}`, async (t) => {
    const took = await plays[id](t)
    t.diagnostic(`${id}: well after ${(took / 1_000).toFixed(1)} s`)
    assert.ok(took <= recoversMs, `well only after ${took} ms`)
  })
}

describe('faults of the machine', { concurrency: 2 }, () => {
  for (const fault of machineFaults.filter(({ id }) => !heavy.includes(id))) play(fault)
})

describe('faults of the machine that are much work for the lab, one at a time', { concurrency: 1 }, () => {
  for (const fault of machineFaults.filter(({ id }) => heavy.includes(id))) play(fault)
})
