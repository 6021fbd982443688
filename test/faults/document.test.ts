import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { contractAlerts } from '../rules/contract-alerts.ts'
import { documentPath, renderDocument } from './document.ts'
import { machineFaults } from './machine.ts'
import { networkFaults } from './matrix.ts'

test('docs/faults.md is as the matrix makes it: run node test/faults/generate.ts', () => {
  assert.equal(readFileSync(new URL(`../../${documentPath}`, import.meta.url), 'utf8'), renderDocument())
})

test('every fault has a name of its own, and the alerts it names exist', () => {
  const ids = [...networkFaults, ...machineFaults].map(({ id }) => id)
  assert.deepEqual(ids, [...new Set(ids)])
  const named = networkFaults.flatMap(({ expected }) => expected.alerts ?? [])
  assert.deepEqual(
    named.filter((alert) => !(alert in contractAlerts)),
    [],
  )
})
