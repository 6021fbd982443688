import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { relocate } from '../../tools/relocate.ts'

const shared = '/usr/share/of-nobody/templates'
let root = ''

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'relocate-'))
  await mkdir(join(root, 'usr/bin'), { recursive: true })
})

afterEach(async () => {
  await rm(root, { recursive: true, force: true })
})

async function program(text: string) {
  const command = join(root, 'usr/bin/program')
  await writeFile(command, `#!/bin/sh\n${text}\n`)
  await chmod(command, 0o755)
  return { command, env: { A: 'b' } }
}

async function unpackShared(): Promise<void> {
  await mkdir(join(root, shared), { recursive: true })
  await writeFile(join(root, shared, 'default.tmpl'), 'the template')
}

describe('relocating an unpacked program', () => {
  it('makes it read the files of its package in its working directory', async () => {
    const tool = await program(`cat ${shared}/default.tmpl; cat "${shared}/default.tmpl"`)
    await unpackShared()
    const { command, env, cwd } = await relocate(tool, shared)
    assert.deepEqual(env, tool.env)
    assert.equal(execFileSync(command, { cwd, encoding: 'utf8' }), 'the templatethe template')
  })

  it('leaves alone a program whose folder is where it belongs, or that has none', async () => {
    const tool = await program('true')
    assert.deepEqual(await relocate(tool, '/usr/share'), tool)
    assert.deepEqual(await relocate(tool, shared), tool)
  })

  it('says when the program does not hold the path', async () => {
    const tool = await program('true')
    await unpackShared()
    await assert.rejects(relocate(tool, shared), /does not hold the path \/usr\/share\/of-nobody\/templates/)
  })
})
