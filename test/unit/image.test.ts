import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { describe, it } from 'node:test'

const checkout = resolve(import.meta.dirname, '../..')

interface LockedPackage {
  readonly dev?: boolean
  readonly os?: unknown
  readonly cpu?: unknown
}

function text(name: string): Promise<string> {
  return readFile(resolve(checkout, name), 'utf8')
}

describe('the image', () => {
  it('is built with the version of Node that the tests run on', async () => {
    const tag = /^ARG BUILD_IMAGE=node:([\d.]+)-/m.exec(await text('Dockerfile'))?.[1]
    const { devDependencies } = JSON.parse(await text('package.json'))
    assert.equal(tag, devDependencies.node)
    assert.equal(`v${tag}`, process.version, 'the tests run on the pinned version too')
  })

  it('takes each file that the Dockerfile copies through .dockerignore', async () => {
    const copied = [...(await text('Dockerfile')).matchAll(/^COPY (?!--from)(.+) \S+$/gm)]
    const sources = copied.flatMap((match) => match[1]?.split(' ') ?? [])
    const taken = new Set((await text('.dockerignore')).split('\n').map((line) => line.replace(/^!/, '')))
    assert.ok(sources.length > 4)
    assert.deepEqual(
      sources.filter((source) => !taken.has(source)),
      [],
    )
  })

  it('has no production dependency for one system or architecture alone, so one install serves them all', async () => {
    const { packages } = JSON.parse(await text('package-lock.json')) as { packages: Record<string, LockedPackage> }
    const installed = Object.entries(packages).filter(([, { dev }]) => dev !== true)
    assert.ok(installed.length > 50)
    assert.deepEqual(
      installed.filter(([, { os, cpu }]) => os !== undefined || cpu !== undefined).map(([path]) => path),
      [],
    )
  })

  it('runs nothing on the architecture that it is built for, since there may be no emulator', async () => {
    const stages = (await text('Dockerfile')).split(/^(?=FROM )/m).slice(1)
    assert.ok(stages.length > 2)
    for (const stage of stages) {
      if (!stage.startsWith('FROM --platform=$BUILDPLATFORM '))
        assert.doesNotMatch(stage, /^RUN /m, stage.split('\n')[0])
    }
  })

  it('is built and looked at by the gate, which skips it for nobody', async () => {
    assert.match(await text('.ci/run'), /^step 'image' test\/image\/build\.sh$/m)
  })

  it('runs as a user that is a number and not root', async () => {
    assert.match(await text('Dockerfile'), /^USER [1-9]\d*:[1-9]\d*$/m)
  })
})
