import assert from 'node:assert/strict'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { Helm } from './helm.ts'
import { deploy, renderManifests } from './helm-manifests.ts'

describe('the plain manifests', () => {
  let helm: Helm
  let rendered: ReadonlyMap<string, string>

  before(async () => {
    helm = await Helm.open()
    rendered = await renderManifests(helm)
  })
  after(() => helm?.close())

  it('are as the chart renders them: run node test/peers/helm-manifests.ts', async () => {
    const there = (await readdir(join(deploy, 'manifests'))).map((name) => `manifests/${name}`)
    assert.deepEqual(['rbac.yaml', ...there].sort(), [...rendered.keys()].sort())
    for (const [name, text] of rendered) {
      assert.equal(await readFile(join(deploy, name), 'utf8'), text, name)
    }
  })

  it('are valid objects of Kubernetes, and none of them belongs to Helm', async () => {
    for (const [name, text] of rendered) {
      assert.deepEqual(await helm.faults(text), [], name)
      assert.doesNotMatch(text, /helm\.sh|managed-by|^\s+$/m, name)
    }
  })
})
