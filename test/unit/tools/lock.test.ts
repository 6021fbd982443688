import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { withLock } from '../../tools/lock.ts'

let folder = ''
let file = ''

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lock-'))
  file = join(folder, 'lock')
})

afterEach(async () => {
  await rm(folder, { recursive: true, force: true })
})

describe('a lock between test processes', () => {
  it('lets one in at a time', async () => {
    let inside = 0
    let most = 0
    const work = async (): Promise<void> => {
      inside += 1
      most = Math.max(most, inside)
      await new Promise((resolve) => setTimeout(resolve, 20))
      inside -= 1
    }
    await Promise.all([1, 2, 3].map(() => withLock(file, 5_000, work)))
    assert.equal(most, 1)
  })

  it('is free again after work that throws', async () => {
    await assert.rejects(
      withLock(file, 5_000, () => Promise.reject(new Error('broken'))),
      /broken/,
    )
    assert.equal(await withLock(file, 5_000, async () => 'in'), 'in')
  })

  it('throws when the lock is not free in time', async () => {
    await withLock(file, 5_000, async () => {
      await assert.rejects(
        withLock(file, 100, async () => undefined),
        /was not free within 0\.1 s/,
      )
    })
  })

  it('is free again when the process that held it is killed', async () => {
    const source = new URL('../../tools/lock.ts', import.meta.url).pathname
    const script = `const { withLock } = await import(${JSON.stringify(source)})
      await withLock(${JSON.stringify(file)}, 5000, () => new Promise(() => setInterval(() => console.log('in'), 20)))`
    const child = spawn(process.execPath, ['--input-type=module', '--eval', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    await once(child.stdout, 'data')
    child.kill('SIGKILL')
    assert.equal(await withLock(file, 5_000, async () => 'in'), 'in')
  })
})
