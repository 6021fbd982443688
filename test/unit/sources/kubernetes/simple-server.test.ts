/** Servers that speak the protocol of the API and keep less in mind than a real one. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, it, type TestContext } from 'node:test'
import { until } from '../../../until.ts'
import { fixedCredentials, follow } from './harness.ts'

interface Simple {
  /** As JSON, for the next list. */
  list: object
  /** What the next watches get before they end in time. */
  events: readonly object[]
  /** Of the next watches; without events where it is not 200. */
  status: number
  readonly watches: string[]
  readonly url: string
}

async function serve(t: TestContext, list: object, events: readonly object[]): Promise<Simple> {
  const watches: string[] = []
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://simple')
    if (!url.searchParams.has('watch')) return response.end(JSON.stringify(simple.list))
    watches.push(url.searchParams.get('resourceVersion') ?? 'none')
    response.statusCode = simple.status
    return simple.status === 200 ? watch(response, simple.events) : response.end()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.close()
    server.closeAllConnections()
  })
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const simple: Simple = { list, events, status: 200, watches, url }
  return simple
}

function watch(response: ServerResponse, events: readonly object[]): void {
  for (const event of events) response.write(`${JSON.stringify(event)}\n`)
  response.flushHeaders()
  setTimeout(() => response.end(), 200)
}

function node(name: string, resourceVersion?: string): object {
  return { metadata: { name, ...(resourceVersion === undefined ? {} : { resourceVersion }) } }
}

describe('a list-watch on a simple server', () => {
  it('takes null for a list of nothing, as Go writes it', async (t) => {
    const simple = await serve(t, { metadata: { resourceVersion: '7' }, items: null }, [])
    await using following = follow(fixedCredentials(simple.url))
    await until('a second watch', () => simple.watches.length >= 2)
    assert.deepEqual(following.sink.pages, [[]])
    assert.deepEqual(simple.watches.slice(0, 2), ['7', '7'])
    assert.deepEqual(following.sink.failures, [])
  })

  it('refuses an answer without items', async (t) => {
    const simple = await serve(t, { metadata: { resourceVersion: '7' } }, [])
    await using following = follow(fixedCredentials(simple.url))
    await until('the failure', () => following.sink.failures.length > 0)
    assert.equal(following.sink.reasons[0], 'malformed')
  })

  it('watches from where the server pleases when a list has no version, and lists after each watch', async (t) => {
    const simple = await serve(t, { items: [node('a')] }, [{ type: 'ADDED', object: node('a') }])
    await using following = follow(fixedCredentials(simple.url))
    const { sink } = following
    await until('a second list', () => sink.lists >= 2)
    assert.ok(simple.watches.every((from) => from === 'none'))
    assert.deepEqual(sink.events[0], { type: 'added', name: 'a' })
    assert.deepEqual(sink.failures, [])
  })

  it('takes an event without a version, and lists after that watch, since it would be told again', async (t) => {
    const list = { metadata: { resourceVersion: '7' }, items: [node('a', '6')] }
    const simple = await serve(t, list, [{ type: 'MODIFIED', object: node('a') }])
    await using following = follow(fixedCredentials(simple.url))
    const { sink } = following
    await until('a second list', () => sink.lists >= 2)
    assert.deepEqual(sink.events[0], { type: 'modified', name: 'a' })
    simple.events = [
      { type: 'MODIFIED', object: node('a') },
      { type: 'BOOKMARK', object: { metadata: { resourceVersion: '9' } } },
    ]
    await until('a watch from the bookmark', () => simple.watches.includes('9'))
    assert.deepEqual(sink.failures, [])
    assert.ok(sink.following.every((working) => working))
  })
})

describe('a watch that failed', () => {
  it('counts as working again only once it does, however often the list works', async (t) => {
    const simple = await serve(t, { metadata: { resourceVersion: '7' }, items: [] }, [])
    simple.status = 403
    await using following = follow(fixedCredentials(simple.url))
    const { sink } = following
    await until('three lists', () => sink.lists >= 3)
    assert.deepEqual(sink.following.slice(0, 3), [true, false, false])
    assert.equal(sink.lives, 0)
    assert.ok(sink.failures.length >= 10, 'of five refused watches one is followed by a list')
    simple.status = 200
    await until('a watch that works', () => sink.lives > 0)
  })

  it('is not taken for working because the server grants the next, when it breaks that off as well', async (t) => {
    const broken = [{ type: 'ERROR', object: { code: 500, message: 'etcd' } }]
    const simple = await serve(t, { metadata: { resourceVersion: '7' }, items: [] }, broken)
    await using following = follow(fixedCredentials(simple.url))
    const { sink } = following
    await until('the first failure', () => sink.failures.length > 0)
    const { lives } = sink
    await until('four lists', () => sink.lists >= 4)
    assert.deepEqual(sink.following.slice(0, 4), [true, false, false, false])
    assert.equal(sink.lives, lives)
    simple.events = []
    await until('an end in time', () => sink.lives > lives)
  })
})

describe('a server whose versions went back, as after a restore of etcd', () => {
  const before = { metadata: { resourceVersion: '5000' }, items: [node('a', '4000')] }
  const restored = { metadata: { resourceVersion: '70' }, items: [node('a', '60')] }

  it('is listed anew after two watches that told nothing, and then watched from the version that it has', async (t) => {
    const simple = await serve(t, before, [])
    await using following = follow(fixedCredentials(simple.url))
    await until('a list', () => following.sink.lists === 1)
    simple.list = restored
    await until('a watch from the restored version', () => simple.watches.includes('70'))
    assert.equal(simple.watches.filter((from) => from === '5000').length, 2)
    await until('two watches more', () => simple.watches.length >= 4)
    assert.deepEqual(simple.watches.slice(2, 4), ['70', '70'], 'and not listed after each watch from then on')
    assert.deepEqual(following.sink.failures, [])
  })

  it('is listed anew after the first event of an older version, which is taken all the same', async (t) => {
    const simple = await serve(t, before, [{ type: 'MODIFIED', object: node('a', '71') }])
    await using following = follow(fixedCredentials(simple.url))
    await until('a list', () => following.sink.lists === 1)
    simple.list = restored
    await until('a watch from the restored version', () => simple.watches.includes('70'))
    assert.deepEqual(simple.watches.slice(0, 2), ['5000', '70'])
    assert.deepEqual(following.sink.events[0], { type: 'modified', name: 'a' })
    assert.deepEqual(following.sink.failures, [])
  })
})
