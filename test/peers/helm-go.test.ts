/** How tests come by programs of Go: built once, and a failure tells what to do. */
import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { goProgram } from '../tools/go.ts'

describe('a program of Go', () => {
  let cache: string
  const { GOPROXY } = process.env

  before(async () => {
    cache = await mkdtemp(join(tmpdir(), 'go-'))
    process.env.GOPROXY = 'off'
  })
  after(async () => {
    if (GOPROXY === undefined) delete process.env.GOPROXY
    else process.env.GOPROXY = GOPROXY
    await rm(cache, { recursive: true, force: true })
  })

  it('that cannot be built is told with what to install, and leaves nothing behind', async () => {
    await assert.rejects(
      goProgram('kubeconform', { cache }),
      /^Error: \S+@v\d\S+ could not be built \(.+\)\. Install Go 1\.\d+ or newer, and let it reach its module proxy/s,
    )
    assert.deepEqual(
      (await readdir(cache)).filter((name) => name.startsWith('build-')),
      [],
    )
  })

  it('that was built is not built again', async () => {
    // Under the name that it has in the checkout's own cache.
    if (GOPROXY === undefined) delete process.env.GOPROXY
    else process.env.GOPROXY = GOPROXY
    const file = await goProgram('kubeconform')
    process.env.GOPROXY = 'off'
    const there = join(cache, basename(dirname(file)), 'kubeconform')
    await mkdir(dirname(there))
    await writeFile(there, '', { mode: 0o755 })
    assert.equal(await goProgram('kubeconform', { cache }), there)
  })
})
