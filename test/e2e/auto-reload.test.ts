import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { Exporter, type Metrics } from './exporter.ts'

const main = fileURLToPath(new URL('../../exporter/main.ts', import.meta.url))

function config(...names: readonly string[]): string {
  const clusters = names.map((name) => ({ name, connections: {}, dns: { names: [{ hostname: 'a.example' }] } }))
  // Nobody answers there; what is watched does not matter.
  for (const { dns } of clusters) Object.assign(dns, { resolvers: ['127.0.0.1:9'] })
  return JSON.stringify({ clusters })
}

/** A volume as the kubelet makes it: files are links into ..data, which is a link that is moved. */
class ConfigMapVolume {
  readonly folder: string
  #version = 0

  constructor(folder: string) {
    this.folder = folder
  }

  get path(): string {
    return join(this.folder, 'config.yaml')
  }

  async update(text: string): Promise<void> {
    const version = `..version_${++this.#version}`
    await mkdir(join(this.folder, version))
    await writeFile(join(this.folder, version, 'config.yaml'), text)
    await symlink(version, join(this.folder, '..data_tmp'))
    await rename(join(this.folder, '..data_tmp'), join(this.folder, '..data'))
    if (this.#version === 1) await symlink('..data/config.yaml', this.path)
  }
}

let folder: string
let volume: ConfigMapVolume
let exporter: Exporter

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'auto-reload-'))
  volume = new ConfigMapVolume(folder)
  await volume.update(config('one'))
  const flags = [`--config.file=${volume.path}`, '--config.enable-auto-reload', '--config.auto-reload-interval=1s']
  exporter = await Exporter.start({ flags })
})

after(async () => {
  await exporter.stop()
  await rm(folder, { recursive: true, force: true })
})

const loaded = (metrics: Metrics) => metrics.value('config_last_reload_successful')
const loadedAt = (metrics: Metrics) => metrics.value('config_last_reload_success_timestamp_seconds') ?? 0
const reloads = () => exporter.lines.filter(({ msg }) => msg === 'config reloaded').length
const refusals = () => exporter.lines.filter(({ msg }) => String(msg).startsWith('config reload failed')).length

describe('--config.enable-auto-reload', () => {
  it('takes the new content when Kubernetes swaps the ConfigMap', async () => {
    const first = await exporter.metrics()
    await volume.update(config('one', 'two'))
    const metrics = await exporter.until((scrape) => scrape.lines('collector_up').join().includes('"two"'), 'two')
    assert.equal(loaded(metrics), 1)
    assert.ok(loadedAt(metrics) > loadedAt(first))
    assert.equal(reloads(), 1)
  })

  it('refuses a bad content and goes on with the good one, tells it once, and takes the next good one', async () => {
    await volume.update(config('three').slice(0, -10))
    const refused = await exporter.until((scrape) => loaded(scrape) === 0, 'the refusal')
    assert.match(await (await exporter.get('/config')).text(), /name: two/)
    await new Promise((resolve) => setTimeout(resolve, 1_800))
    assert.equal(refusals(), 1)
    await volume.update(config('four'))
    const taken = await exporter.until((scrape) => loaded(scrape) === 1, 'the good one')
    assert.ok(loadedAt(taken) > loadedAt(refused))
    assert.match(await (await exporter.get('/config')).text(), /name: four/)
  })

  it('does not reload for the same content in another place, nor after a reload by request', async () => {
    await volume.update(config('five'))
    assert.equal((await exporter.get('/-/reload', { method: 'POST' })).status, 200)
    const before = reloads()
    await volume.update(config('five'))
    await new Promise((resolve) => setTimeout(resolve, 1_800))
    assert.equal(reloads(), before)
  })

  it('is refused without a file to look at, and with an interval that is none', () => {
    const run = (...flags: string[]) =>
      spawnSync(process.execPath, [main, ...flags], { encoding: 'utf8', timeout: 60_000 })
    const lacking = run('--config.enable-auto-reload')
    assert.equal(lacking.status, 1)
    assert.match(lacking.stderr, /give --config\.file too/)
    for (const interval of ['soon', '500ms']) {
      const { status, stderr } = run(`--config.file=${volume.path}`, `--config.auto-reload-interval=${interval}`)
      assert.equal(status, 1, interval)
      assert.match(stderr, /is not a duration of 1s or longer/)
    }
  })
})
