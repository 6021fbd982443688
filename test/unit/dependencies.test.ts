import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { test } from 'node:test'

const root = resolve(import.meta.dirname, '../..')

/** Names in the first column of the tables below a heading. */
function listed(text: string, heading: string): string[] {
  const section = text.split(/^## /m).find((part) => part.startsWith(heading)) ?? ''
  return [...section.matchAll(/^\| ([@\w./-]+) \|/gm)].map(([, name = '']) => name).filter((name) => name !== 'package')
}

test('The list of dependencies gives a reason for each, and names none that is gone', async () => {
  const text = await readFile(resolve(root, 'docs/dependencies.md'), 'utf8')
  const { dependencies, devDependencies } = JSON.parse(await readFile(resolve(root, 'package.json'), 'utf8'))
  assert.deepEqual(listed(text, 'In the image').toSorted(), Object.keys(dependencies).toSorted())
  assert.deepEqual(listed(text, 'For building').toSorted(), Object.keys(devDependencies).toSorted())
})

test('Every version is exact, so that nothing comes in unseen', async () => {
  const { dependencies, devDependencies } = JSON.parse(await readFile(resolve(root, 'package.json'), 'utf8'))
  for (const [name, version] of Object.entries({ ...dependencies, ...devDependencies })) {
    assert.match(String(version), /^\d+\.\d+\.\d+$/, name)
  }
})
