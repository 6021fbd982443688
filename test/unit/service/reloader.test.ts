import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { systemClock } from '../../../exporter/service/clock.ts'
import type { Config } from '../../../exporter/service/config/config.ts'
import { ConfigSource } from '../../../exporter/service/config/source.ts'
import { createLogger } from '../../../exporter/service/log.ts'
import { Reloader } from '../../../exporter/service/reloader.ts'
import { until } from '../../until.ts'

/** A service that takes as long as the test wants to bring a config into force. */
function setUp(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), 'reloader-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const path = join(folder, 'config.yaml')
  const write = (name: string) =>
    writeFileSync(path, `clusters: [{name: ${name}, dns: {names: [{hostname: a.example}]}}]`)
  write('first')
  const applied: string[] = []
  let gate = Promise.withResolvers<void>()
  const service = {
    apply: async ({ clusters }: Config) => {
      applied.push(clusters[0]?.name ?? '')
      await gate.promise
    },
  }
  const open = () => {
    gate.resolve()
    gate = Promise.withResolvers<void>()
    gate.resolve()
  }
  const source = new ConfigSource(path)
  const log = createLogger('error', 'json', { write: () => undefined })
  const self = { configLoaded: () => undefined }
  const reloader = new Reloader({ source, service, log, self, clock: systemClock })
  const begun = () => until('the first reload', () => applied.length > 0)
  return { source, reloader, applied, write, open, begun }
}

test('however many reloads are asked for while one is under way, one more is made, of what the file holds then', async (t) => {
  const { reloader, applied, write, open, begun } = setUp(t)
  const first = reloader.reload()
  await begun()
  const waiting = Array.from({ length: 1_000 }, () => reloader.reload())
  write('last')
  open()
  assert.deepEqual(await Promise.all([first, ...waiting]), new Array(1_001).fill(undefined))
  assert.deepEqual(applied, ['first', 'last'])
  assert.equal(await reloader.reload(), undefined)
  assert.equal(applied.length, 3)
})

test('a content that was read before a reload was asked for does not come into force after it', async (t) => {
  const { source, reloader, applied, write, open, begun } = setUp(t)
  const first = reloader.reload()
  await begun()
  write('older')
  const reading = await source.changed()
  const asked = reloader.reload()
  const found = reloader.reload(reading)
  write('newer')
  open()
  await Promise.all([first, asked, found])
  assert.deepEqual(applied, ['first', 'newer'])
})

test('the config in force is told as one text until another is in force', async (t) => {
  const { reloader, write, open } = setUp(t)
  open()
  assert.equal(reloader.effectiveConfig(), '')
  await reloader.reload()
  const first = reloader.effectiveConfig()
  assert.match(first, /name: first/)
  const started = performance.now()
  for (let ask = 0; ask < 10_000; ask++) assert.equal(reloader.effectiveConfig(), first)
  assert.ok(performance.now() - started < 500)
  write('next')
  await reloader.reload()
  assert.match(reloader.effectiveConfig(), /name: next/)
})
