/** Faults of the state file and of what it lies on. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readdir, readFile, rm, watch, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { promisify } from 'node:util'
import { systemClock } from '../../../exporter/service/clock.ts'
import { createLogger } from '../../../exporter/service/log.ts'
import { StateFile } from '../../../exporter/service/state-file.ts'
import { Exporter } from '../../e2e/exporter.ts'
import { LabDns } from '../../lab/dns-server.ts'
import { until } from '../../until.ts'
import { oneChange, type Play, pause, sameCounts, startSubject, timed } from './play.ts'

const execute = promisify(execFile)
const savedMetric = /^elbchurn_state_last_save_successful (\d)$/m
const asRoot = process.getuid?.() === 0

/** A small file system of its own, which only the exporter has, and which ends with it. */
async function startOnSmallDisk(t: TestContext) {
  const folder = await mkdtemp(join(tmpdir(), 'small-disk-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  const storage = join(folder, 'disk')
  await mkdir(storage)
  const user = asRoot ? [] : ['--user', '--map-root-user']
  const script = `mount -t tmpfs -o size=64k tmpfs ${storage} && exec "$@"`
  const wrapper = ['unshare', ...user, '--mount', 'sh', '-c', script, 'sh']
  const subject = await startSubject(t, { wrapper, flags: [`--storage.path=${storage}`] })
  const enter = [
    '--target',
    String(subject.exporter.pid),
    ...(asRoot ? [] : ['--user', '--preserve-credentials']),
    '--mount',
  ]
  /** The folder as the exporter sees it. */
  const inside = `/proc/${subject.exporter.pid}/root${storage}`
  const saved = async () => savedMetric.exec((await subject.exporter.metrics()).text)?.[1]
  const untilSaved = async (value: string) => {
    for (const deadline = Date.now() + 30_000; (await saved()) !== value; await pause(50)) {
      if (Date.now() > deadline) assert.fail(`elbchurn_state_last_save_successful is ${await saved()}, not ${value}`)
    }
  }
  return { ...subject, storage, enter, inside, untilSaved }
}

type SmallDisk = Awaited<ReturnType<typeof startOnSmallDisk>>

/** An address is replaced while nothing can be saved; it is counted, told once, and saved when that works again. */
async function withoutSaving(disk: SmallDisk, make: () => Promise<unknown>, end: () => Promise<unknown>) {
  const { world, exporter, inside, untilSaved } = disk
  await untilSaved('1')
  await make()
  world.setAddresses(['10.0.0.1', '10.0.0.3'])
  await exporter.until((metrics) => sameCounts(metrics, oneChange), 'the change is counted')
  await untilSaved('0')
  await pause(2_500)
  const told = exporter.lines.filter(({ msg }) => msg === 'state file cannot be saved')
  assert.equal(told.length, 1, 'told once')
  assert.match(String(told[0]?.advice), /check space and rights of --storage.path/)
  assert.equal((await exporter.get('/-/ready')).status, 200)
  const took = await timed(async () => {
    await end()
    await untilSaved('1')
  })
  assert.match(await readFile(join(inside, 'state.json'), 'utf8'), /10\.0\.0\.3/)
  const files = await readdir(inside)
  assert.deepEqual(
    files.filter((file) => file !== 'filler'),
    ['state.json'],
    'nothing is left behind',
  )
  return took
}

export const diskFull: Play = async (t) => {
  const disk = await startOnSmallDisk(t)
  const filler = join(disk.inside, 'filler')
  const fill = () => assert.rejects(writeFile(filler, Buffer.alloc(128 * 1024)), { code: 'ENOSPC' })
  return await withoutSaving(disk, fill, () => rm(filler))
}

export const readOnly: Play = async (t) => {
  const disk = await startOnSmallDisk(t)
  const remount = (how: string) => execute('nsenter', [...disk.enter, 'mount', '-o', `remount,${how}`, disk.storage])
  return await withoutSaving(
    disk,
    () => remount('ro'),
    () => remount('rw'),
  )
}

/** A watched name, and exporters on one state file, one after the other. */
async function startNamed(t: TestContext) {
  const dns = await LabDns.start()
  t.after(() => dns.close())
  const folder = await mkdtemp(join(tmpdir(), 'killed-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  const names = [{ hostname: 'api.killed.test', types: ['A'] }]
  const config = {
    schedules: { dns: '* * * * * *' },
    clusters: [{ name: 'killed', dns: { resolvers: [dns.address], names } }],
  }
  let host = 0
  // Never one that was there before: to the next start that would be no change.
  const replace = () => {
    host += 1
    dns.set('api.killed.test', 'A', ['10.1.0.1', `10.2.${host >> 8}.${host & 255}`])
  }
  replace()
  const start = async () => {
    const exporter = await Exporter.start({ config, folder, flags: [`--storage.path=${folder}/state`] })
    t.after(() => exporter.stop('SIGKILL'))
    return exporter
  }
  return { folder: join(folder, 'state'), replace, start }
}

const changesOf = (exporter: Exporter, wanted: number) =>
  exporter.until((metrics) => metrics.value('dns_answer_changes_total') === wanted, `${wanted} changes`)

/** Only what is saved can be compared with after a kill. */
const untilSaved = (folder: string) =>
  until('a saved state', async () =>
    (await readFile(join(folder, 'state.json'), 'utf8').catch(() => '')).includes('10.1.0.1'),
  )

async function stopWell(exporter: Exporter): Promise<void> {
  assert.equal(await exporter.stop(), 0, JSON.stringify(exporter.lines))
}

/** Each round: a start that sees the change during the gap once, more changes, a kill at any time. */
async function killRounds(t: TestContext, rounds: number): Promise<void> {
  const { folder, replace, start } = await startNamed(t)
  for (let round = 0; round < rounds; round++) {
    const exporter = await start()
    await changesOf(exporter, round === 0 ? 0 : 1)
    if (round === 0) await untilSaved(folder)
    const churn = setInterval(replace, 5)
    await pause(Math.random() * 1_000)
    await exporter.stop('SIGKILL')
    clearInterval(churn)
    replace()
    const files = await readdir(folder)
    if (files.includes('state.json')) JSON.parse(await readFile(join(folder, 'state.json'), 'utf8'))
    // One may be left by this kill; those of the kills before it are not there any more.
    assert.ok(files.length <= 2, `after ${round + 1} kills there are ${files.join()}`)
    assert.ok(!exporter.lines.some(({ level }) => level === 'warn'), JSON.stringify(exporter.lines))
  }
}

const kills = Number(process.env.FAULTS_KILLS ?? 20)
const atOnce = 4
const terminations = 2

export const killed: Play = async (t) => {
  await Promise.all(Array.from({ length: atOnce }, () => killRounds(t, Math.ceil(kills / atOnce))))
  const { folder, replace, start } = await startNamed(t)
  const first = await start()
  await changesOf(first, 0)
  await untilSaved(folder)
  await first.stop('SIGKILL')
  replace()
  let last: Exporter | undefined
  const took = await timed(async () => {
    last = await start()
    await changesOf(last, 1)
  })
  await last?.stop()
  return took
}

/** The signal comes while the temporary file is written that is to replace the state file. */
export const terminated: Play = async (t) => {
  const { folder, start } = await startNamed(t)
  await mkdir(folder)
  const times: number[] = []
  for (let round = 0; round < terminations; round++) {
    const saving = new AbortController()
    t.after(() => saving.abort())
    const temporary = (async () => {
      const signal = AbortSignal.any([saving.signal, AbortSignal.timeout(60_000)])
      for await (const { filename } of watch(folder, { signal })) {
        if (filename !== null && filename !== 'state.json') return
      }
    })()
    const exporter = await start()
    await temporary
    times.push(await timed(() => stopWell(exporter)))
    assert.match(await readFile(join(folder, 'state.json'), 'utf8'), /10\.1\.0\.1/)
    assert.deepEqual(await readdir(folder), ['state.json'])
    await rm(join(folder, 'state.json'))
  }
  return Math.max(...times)
}

/** At each byte the file is opened as the exporter does; at some of them by the exporter itself. */
export const stateCut: Play = async (t) => {
  const { folder, replace, start } = await startNamed(t)
  const first = await start()
  await changesOf(first, 0)
  await stopWell(first)
  const path = join(folder, 'state.json')
  const whole = await readFile(path)
  const log = createLogger('error', 'json')
  for (let length = 0; length < whole.length - 1; length++) {
    await writeFile(path, whole.subarray(0, length))
    const state = await StateFile.open(folder, { clock: systemClock, log, onSaved: () => undefined })
    assert.deepEqual(state.owner('killed/dns').keys(), [], `of ${length} bytes nothing is believed`)
    for (const file of await readdir(folder)) if (file.includes('damaged')) await rm(join(folder, file))
  }
  let took = 0
  for (const length of [0, Math.floor(whole.length / 2)]) {
    await writeFile(path, whole.subarray(0, length))
    replace()
    let exporter: Exporter | undefined
    took = await timed(async () => {
      exporter = await start()
      await changesOf(exporter, 0)
    })
    if (exporter === undefined) throw new Error('it has started')
    assert.equal(exporter.lines.filter(({ msg }) => msg === 'state file is damaged and was set aside').length, 1)
    await stopWell(exporter)
    assert.ok((await readdir(folder)).some((file) => file.startsWith('state.json.damaged-')))
    JSON.parse(await readFile(path, 'utf8'))
  }
  return took
}
