import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { promisify } from 'node:util'
import { parse } from 'yaml'
import { defaultConfig } from '../../../alerts/config.ts'
import { boards } from '../../../dashboards/board.ts'

const execute = promisify(execFile)
const checkout = resolve(import.meta.dirname, '../../..')

async function temporary(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'dashboards-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  return folder
}

async function run(...flags: readonly string[]) {
  const argv = [resolve(checkout, 'exporter/main.ts'), 'dashboards', ...flags]
  return await execute(process.execPath, argv, { timeout: 20_000 }).then(
    ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
    ({ code, stdout, stderr }) => ({ code, stdout, stderr }),
  )
}

describe('elb-churn-exporter dashboards', () => {
  it('writes the boards as they are shipped, into a folder that it makes', async (t) => {
    const out = join(await temporary(t), 'new', 'boards')
    const { code, stdout } = await run(`--out=${out}`)
    assert.equal(code, 0)
    const names = boards.map((uid) => `${uid}.json`).sort()
    assert.equal(stdout, names.map((name) => `${join(out, name)}\n`).join(''))
    assert.deepEqual((await readdir(out)).sort(), names)
    for (const name of names) {
      assert.equal(
        await readFile(join(out, name), 'utf8'),
        await readFile(resolve(checkout, 'dashboards', name), 'utf8'),
      )
    }
  })

  it('puts in where the runbooks are', async (t) => {
    const out = await temporary(t)
    assert.equal((await run(`--out=${out}`, '--runbook-url=https://git.example.com/runbooks/')).code, 0)
    const text = await readFile(join(out, 'elb-churn-incident.json'), 'utf8')
    assert.ok(text.includes('https://git.example.com/runbooks/KubeletsStrandedByELBChange.md'))
    assert.ok(!text.includes(defaultConfig.runbook_url))
  })

  it('says what it cannot do, and where', async (t) => {
    const file = join(await temporary(t), 'file')
    await writeFile(file, '')
    const unwritable = await run(`--out=${file}`)
    assert.deepEqual([unwritable.code, unwritable.stdout], [1, ''])
    assert.match(unwritable.stderr, new RegExp(`could not be written to ${file}: .*ENOTDIR`))
    // Node's own way to make folders never comes back from this one.
    const impossible = await run('--out=/proc/nope/boards')
    assert.deepEqual([impossible.code, impossible.stdout], [1, ''])
    assert.match(impossible.stderr, /could not be written to \/proc\/nope\/boards: .*ENOENT.*\/proc\/nope/)
    const bad = await run(`--out=${file}`, '--runbook-url=somewhere')
    assert.match(bad.stderr, /--runbook-url somewhere: is not a URL/)
    assert.equal((await run()).code, 1)
  })
})

describe('the provisioning file', () => {
  it('loads the folder that README names', async () => {
    const { apiVersion, providers } = parse(await readFile(resolve(checkout, 'dashboards/provisioning.yaml'), 'utf8'))
    assert.equal(apiVersion, 1)
    assert.deepEqual([providers.length, providers[0].type], [1, 'file'])
    const readme = await readFile(resolve(checkout, 'dashboards/README.md'), 'utf8')
    assert.ok(readme.includes(providers[0].options.path))
  })
})
