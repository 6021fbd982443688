import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { generatedFiles } from '../../exporter/generated-files.ts'

for (const [name, text] of generatedFiles()) {
  test(`${name} is as the code makes it: run npm run generate`, () => {
    assert.equal(readFileSync(new URL(name, new URL('../../', import.meta.url)), 'utf8'), text)
  })
}

test('every metric of the contract of this version is in the reference', () => {
  const reference = generatedFiles().get('exporter/METRICS.md') ?? ''
  const names = ['elb_addresses', 'elb_address_changes_total', 'dns_answers', 'nodes_not_ready_ratio', 'collector_up']
  for (const name of names) assert.ok(reference.includes(`\`elbchurn_${name}\``), name)
})
