import assert from 'node:assert/strict'
import { mkdtemp, rm, symlink, unlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { autoReload } from '../../../exporter/service/auto-reload.ts'
import { ConfigError } from '../../../exporter/service/config/load.ts'
import { ConfigSource, type Reading } from '../../../exporter/service/config/source.ts'
import { until } from '../../until.ts'
import { settle, TestClock } from '../clock.ts'

const intervalMs = 30_000
const named = (name: string) => `clusters: [{name: ${name}, nodes: {}}]\n`
const good = named('a')

let folder: string
let path: string
let source: ConfigSource
let clock: TestClock
let outcomes: string[]
let ending: AbortController

/** Stands for the reloader: loads, and keeps what came of it. */
const reloader = {
  reload: async (reading?: Reading) => {
    try {
      const { config } = await source.load(reading)
      outcomes.push(config.clusters.map(({ name }) => name).join())
      return undefined
    } catch (error) {
      assert.ok(error instanceof ConfigError)
      outcomes.push(error.message)
      return error.message
    }
  },
}

let reading = 0
const watched = {
  changed: async () => {
    reading++
    return await source.changed().finally(() => reading--)
  },
}

/** Reading a file takes time that the clock does not know of. */
async function pass(ms: number): Promise<void> {
  for (let left = ms; left > 0; left -= 500) {
    await clock.advance(500)
    await until('the file is read', () => reading === 0, { everyMs: 0 })
    await settle()
  }
}

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'auto-reload-'))
  path = join(folder, 'config.yaml')
  await writeFile(path, good)
  source = new ConfigSource(path)
  clock = new TestClock()
  outcomes = []
  ending = new AbortController()
  await source.load()
  void autoReload({ source: watched, reloader, clock, intervalMs }, ending.signal)
})

afterEach(async () => {
  ending.abort()
  await rm(folder, { recursive: true, force: true })
})

describe('the reload by itself', () => {
  it('does nothing while the content is the same, also when the file was written anew', async () => {
    await pass(60_000)
    await writeFile(path, good)
    await pass(60_000)
    assert.deepEqual(outcomes, [])
  })

  it('takes a changed content once, an interval and the time to settle later', async () => {
    await writeFile(path, named('b'))
    await pass(30_500)
    assert.deepEqual(outcomes, [])
    await pass(90_000)
    assert.deepEqual(outcomes, ['b'])
  })

  it('waits for a file that is still being written, and then takes it whole', async () => {
    await writeFile(path, '')
    await pass(30_500)
    await writeFile(path, named('whole'))
    await pass(1_000)
    assert.deepEqual(outcomes, [], 'it was empty, then something else')
    await pass(31_000)
    assert.deepEqual(outcomes, ['whole'])
  })

  it('tells a bad content once and the next good one, and the one before the bad one is a change too', async () => {
    await writeFile(path, 'clusters: [')
    await pass(120_000)
    assert.equal(outcomes.length, 1)
    assert.match(outcomes[0] ?? '', /config\.yaml:1:\d+: /)
    await writeFile(path, good)
    await pass(60_000)
    assert.deepEqual(outcomes.slice(1), ['a'])
  })

  it('tells a file that is gone once, and takes it when it is back', async () => {
    await unlink(path)
    await pass(120_000)
    assert.equal(outcomes.length, 1)
    assert.match(outcomes[0] ?? '', /config\.yaml:1:1: \(file\): cannot be read: ENOENT/)
    await writeFile(join(folder, 'other.yaml'), named('back'))
    await symlink('other.yaml', path)
    await pass(60_000)
    assert.deepEqual(outcomes.slice(1), ['back'])
  })

  it('leaves alone what somebody else has loaded in the meantime', async () => {
    await writeFile(path, named('b'))
    await source.load()
    await pass(60_000)
    assert.deepEqual(outcomes, [])
  })

  it('ends with its signal', async () => {
    ending.abort()
    await writeFile(path, named('b'))
    await pass(60_000)
    assert.deepEqual(outcomes, [])
  })
})
