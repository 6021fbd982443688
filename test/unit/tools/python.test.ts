import assert from 'node:assert/strict'
import { test } from 'node:test'
import { pythonPackages } from '../../tools/python.ts'

test('On a machine without Python it is told what to install.', async (t) => {
  const path = process.env.PATH
  t.after(() => {
    process.env.PATH = path
  })
  process.env.PATH = '/nonexistent'
  await assert.rejects(pythonPackages(['nothing==0'], 1_000), /needs python3 with pip on PATH/)
})
