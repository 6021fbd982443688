import assert from 'node:assert/strict'
import { PassThrough } from 'node:stream'
import { describe, it } from 'node:test'
import {
  AnswerError,
  type BodyBounds,
  failureOfAnswer,
  parseObject,
  readBody,
} from '../../../../exporter/sources/kubernetes/body.ts'

const asked = { verb: 'list', plural: 'nodes', server: 'https://api.test' } as const

/** The parts that came, and how the failure reads. */
async function read(body: PassThrough, bounds: Partial<BodyBounds>) {
  const parts: string[] = []
  const onPart = (part: Buffer) => void parts.push(part.toString())
  try {
    await readBody(body, 'a page', { totalMs: 5_000, bytes: 100, ...bounds }, onPart)
    return { parts, failure: undefined }
  } catch (error) {
    const { reason, message } = failureOfAnswer(asked, error)
    return { parts, failure: `${reason}: ${message}` }
  }
}

describe('the body of an answer', () => {
  it('is handed on part by part up to its end', async () => {
    const body = new PassThrough()
    body.write('one')
    const reading = read(body, {})
    await new Promise((resolve) => setImmediate(resolve))
    body.end('two')
    assert.deepEqual(await reading, { parts: ['one', 'two'], failure: undefined })
  })

  it('is left when it falls silent, takes too long or is too large, and what came is known', async () => {
    const silent = new PassThrough()
    silent.write('one')
    const why = (text: string) => `list nodes at https://api.test: a page ${text}`
    assert.deepEqual(await read(silent, { idleMs: 20 }), {
      parts: ['one'],
      failure: `timeout: ${why('fell silent for 20 ms')}`,
    })
    assert.equal(silent.destroyed, true)
    const endless = new PassThrough()
    const drip = setInterval(() => endless.write('x'), 5)
    const { parts, failure } = await read(endless, { totalMs: 60 })
    clearInterval(drip)
    assert.ok(parts.length > 1)
    assert.equal(failure, `timeout: ${why('took over 60 ms')}`)
    const large = new PassThrough()
    large.write('x'.repeat(101))
    assert.deepEqual(await read(large, {}), {
      parts: ['x'.repeat(101)],
      failure: `limit: ${why('is larger than 100 bytes')}`,
    })
    assert.equal(large.destroyed, true)
  })

  it('is an object of JSON, or malformed', () => {
    assert.deepEqual(parseObject('{"a":1}'), { a: 1 })
    for (const bad of ['', '{', '1', 'null', '"text"']) assert.throws(() => parseObject(bad), AnswerError)
  })
})
