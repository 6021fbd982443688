import assert from 'node:assert/strict'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import { systemClock } from '../../../exporter/service/clock.ts'
import { createLogger } from '../../../exporter/service/log.ts'
import { StateFile } from '../../../exporter/service/state-file.ts'
import { until } from '../../until.ts'

let folder: string
let lines: string[]
let saves: boolean[]

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'state-'))
  lines = []
  saves = []
})
afterEach(() => rm(folder, { recursive: true, force: true }))

function open(path: string | undefined = folder) {
  const log = createLogger('info', 'json', { write: (line) => void lines.push(line) })
  return StateFile.open(path, { clock: systemClock, log, onSaved: (ok) => void saves.push(ok) })
}

test('what was saved is there after a restart', async () => {
  const state = await open()
  state.owner('prod dns').set('api A system', { since: 1 })
  await state.flush()
  const again = await open()
  assert.deepEqual(again.owner('prod dns').get('api A system'), { since: 1 })
  assert.deepEqual(again.owner('prod dns').keys(), ['api A system'])
  assert.deepEqual(saves, [true])
})

test('names that mean something to JavaScript are names like others', async () => {
  const state = await open()
  state.owner('__proto__').set('__proto__', { constructor: 1 })
  state.owner('constructor').set('toString', 2)
  await state.flush()
  const again = await open()
  assert.deepEqual(again.owner('__proto__').get('__proto__'), { constructor: 1 })
  assert.equal(again.owner('constructor').get('toString'), 2)
  assert.equal(again.owner('other').get('toString'), undefined)
})

test('a change is written by itself soon after, and an equal book is not written again', async () => {
  const state = await open()
  const books = state.owner('a')
  books.set('k', { v: 1 })
  await until('a save', () => saves.length > 0)
  assert.deepEqual(saves, [true])
  books.set('k', { v: 1 })
  await state.flush()
  assert.deepEqual(saves, [true])
})

test('a state file cut at any byte is set aside and told, and the exporter starts', async () => {
  const whole = await open()
  whole.owner('a').set('k', { v: 'x' })
  await whole.flush()
  const path = join(folder, 'state.json')
  const text = await readFile(path, 'utf8')
  for (let length = 0; length < text.length - 1; length++) {
    await writeFile(path, text.slice(0, length))
    const state = await open()
    assert.equal(state.owner('a').get('k'), undefined)
    const aside = (await readdir(folder)).filter((name) => name.includes('damaged'))
    assert.equal(aside.length, 1, `at byte ${length}`)
    await rm(join(folder, aside[0] ?? ''))
  }
  assert.match(lines.at(-1) ?? '', /set aside/)
})

test('a file of another shape is set aside too', async () => {
  for (const text of ['[]', 'null', '{"version":99,"owners":{}}', '{"version":1}']) {
    await writeFile(join(folder, 'state.json'), text)
    await open()
    assert.match(lines.at(-1) ?? '', /set aside/, text)
  }
})

test('of the files set aside the newest three are kept', async () => {
  for (const ms of [999, 1_000, 2_000, 10_000]) await writeFile(join(folder, `state.json.damaged-${ms}`), 'x')
  const names = async () => (await readdir(folder)).filter((name) => name.includes('damaged')).sort()
  await open()
  assert.deepEqual(await names(), ['10000', '1000', '2000'].map((ms) => `state.json.damaged-${ms}`).sort())
  await writeFile(join(folder, 'state.json'), 'x')
  await open()
  const left = await names()
  assert.equal(left.length, 3)
  assert.ok(!left.includes('state.json.damaged-1000'), left.join())
})

test('a folder that cannot be written is told once, and saving works again when it can', async () => {
  const path = join(folder, 'sub')
  const state = await open(path)
  await rm(path, { recursive: true })
  await writeFile(path, 'in the way')
  state.owner('a').set('k', 1)
  await state.flush()
  state.owner('a').set('k', 2)
  await state.flush()
  assert.deepEqual(saves, [false, false])
  assert.equal(lines.filter((line) => line.includes('cannot be saved')).length, 1)
  await rm(path)
  await open(path)
  await state.flush()
  assert.deepEqual(saves, [false, false, true])
  assert.equal((await open(path)).owner('a').get('k'), 2)
})

test('owners that are not retained are forgotten', async () => {
  const state = await open()
  state.owner('a').set('k', 1)
  state.owner('b').set('k', 1)
  state.retainOwners(new Set(['b']))
  await state.flush()
  const again = await open()
  assert.deepEqual([again.owner('a').keys(), again.owner('b').keys()], [[], ['k']])
})

test('a folder is made with its parents, and one that cannot be made is told and does not hang', async () => {
  const deep = join(folder, 'a/b/c')
  const state = await open(deep)
  state.owner('a').set('k', 1)
  await state.flush()
  assert.equal((await open(deep)).owner('a').get('k'), 1)
  await open('/proc/nowhere/at/all')
  assert.match(lines.at(-1) ?? '', /storage folder cannot be made/)
})

test('temporary files that a kill left behind are removed at the next start, and nothing else is', async () => {
  const state = await open()
  state.owner('a').set('k', 1)
  await state.flush()
  for (const name of ['state.json.1234567890', 'state.json.damaged-1', 'other'])
    await writeFile(join(folder, name), 'x')
  await open()
  assert.deepEqual((await readdir(folder)).sort(), ['other', 'state.json', 'state.json.damaged-1'])
})
