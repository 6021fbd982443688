import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { chmod, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, it } from 'node:test'
import type { ToolSource } from '../../tools/catalogue.ts'
import { findTool } from '../../tools/find.ts'

let folder = ''
let cache = ''

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'find-tool-'))
  cache = join(folder, 'cache')
})

afterEach(async () => {
  await rm(folder, { recursive: true, force: true })
})

async function command(file: string, version: string): Promise<string> {
  await mkdir(join(file, '..'), { recursive: true })
  await writeFile(file, `#!/bin/sh\necho "a tool, version ${version}"\n`)
  await chmod(file, 0o755)
  return file
}

/** Builds a real package, as the mirror would give it, with a library beside the command. */
async function buildPackage(name: string, into: string, folders: readonly string[] = ['usr/sbin']): Promise<void> {
  const root = join(await mkdtemp(join(folder, 'build-')), name)
  for (const each of folders) await command(join(root, each, name), '9.9.9')
  await mkdir(join(root, 'usr/lib/libs'), { recursive: true })
  await writeFile(join(root, 'usr/lib/libs/libneeded.so.1'), '')
  await mkdir(join(root, 'DEBIAN'))
  const control = `Package: ${name}\nVersion: 1\nArchitecture: all\nMaintainer: a test <test@example.com>\nDescription: x\n`
  await writeFile(join(root, 'DEBIAN/control'), control)
  execFileSync('dpkg-deb', ['--build', root, join(into, `${name}.deb`)], { stdio: 'ignore' })
}

const noFetch = (): Promise<void> => Promise.reject(new Error('the mirror does not answer'))

describe('finding a tool of the tests', () => {
  it('takes the program on PATH as it is and fetches nothing', async () => {
    const file = await command(join(folder, 'bin/knotd'), '3.2')
    const tool = await findTool('knotd', { path: join(folder, 'bin'), cache, fetch: noFetch })
    assert.deepEqual(tool, { command: file, env: {} })
  })

  it('passes over a program on PATH that is older than the tests need', async () => {
    await command(join(folder, 'old/promtool'), '2.42.0')
    const file = await command(join(folder, 'new/promtool'), '3.10.0')
    const path = `${join(folder, 'old')}:${join(folder, 'new')}`
    assert.equal((await findTool('promtool', { path, cache, fetch: noFetch })).command, file)
    const old = findTool('promtool', { path: join(folder, 'old'), cache, fetch: noFetch })
    await assert.rejects(old, /promtool 3\.5 or newer is not on PATH/)
  })

  it('passes over a program on PATH that is newer than a test is about', async () => {
    await command(join(folder, 'new/promtool'), '3.5.0')
    const file = await command(join(folder, 'old/promtool'), '2.53.1')
    const path = `${join(folder, 'new')}:${join(folder, 'old')}`
    assert.equal((await findTool('promtool-release', { path, cache, fetch: noFetch })).command, file)
    const none = findTool('promtool-release', { path: join(folder, 'new'), cache, fetch: noFetch })
    await assert.rejects(none, /promtool 2\.42 or newer, older than 3\.0, is not on PATH/)
  })

  it('unpacks the package into the cache and says where its libraries are', async () => {
    const fetch = (source: ToolSource, into: string) => buildPackage('knsupdate', into).then(() => assert.ok(source))
    const tool = await findTool('knsupdate', { path: '', cache, fetch })
    assert.match(execFileSync(tool.command, { encoding: 'utf8' }), /9\.9\.9/)
    assert.match(tool.env.LD_LIBRARY_PATH ?? '', /usr\/lib\/libs$/)
    const again = await findTool('knsupdate', { path: '', cache, fetch: noFetch })
    assert.deepEqual(again, tool, 'the second call finds what the first unpacked')
  })

  it('starts the program itself where its launcher works only when installed', async () => {
    const fetch = async (_source: ToolSource, into: string): Promise<void> => {
      await buildPackage('chromium', into, ['usr/bin', 'usr/lib/chromium'])
    }
    const tool = await findTool('chromium', { path: '', cache, fetch })
    assert.match(tool.command, /usr\/lib\/chromium\/chromium$/)
  })

  it('fetches once when several ask at the same time', async () => {
    let fetches = 0
    const fetch = async (_source: ToolSource, into: string): Promise<void> => {
      fetches += 1
      await buildPackage('knsupdate', into)
    }
    const ask = () => findTool('knsupdate', { path: '', cache, fetch })
    const tools = await Promise.all([ask(), ask(), ask()])
    assert.equal(fetches, 1)
    assert.equal(new Set(tools.map((tool) => tool.command)).size, 1)
  })

  it('throws what to install when the package cannot be had, and leaves nothing half unpacked', async () => {
    await assert.rejects(findTool('knsupdate', { path: '', cache, fetch: noFetch }), (error: Error) => {
      assert.match(error.message, /knsupdate is not on PATH/)
      assert.match(error.message, /the mirror does not answer/)
      assert.match(error.message, /Install the Debian package knot-dnsutils/)
      return true
    })
    const [release] = await readdir(cache)
    assert.deepEqual(await readdir(join(cache, release ?? '')), ['lock'])
    const fetch = (_source: ToolSource, into: string) => buildPackage('knsupdate', into)
    assert.ok((await findTool('knsupdate', { path: '', cache, fetch })).command, 'a later call is not in its way')
  })

  it('throws when the package does not hold the command', async () => {
    const fetch = (_source: ToolSource, into: string) => buildPackage('something-else', into)
    await assert.rejects(findTool('knsupdate', { path: '', cache, fetch }), /holds no knsupdate/)
  })
})
