import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { describe, it } from 'node:test'

const checkout = resolve(import.meta.dirname, '../..')

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

  it('runs as a user that is a number and not root', async () => {
    assert.match(await text('Dockerfile'), /^USER [1-9]\d*:[1-9]\d*$/m)
  })
})
