import assert from 'node:assert/strict'
import { type AddressInfo, createServer } from 'node:net'
import { describe, it } from 'node:test'
import { systemClock } from '../../../../exporter/service/clock.ts'
import { tryConnect } from '../../../../exporter/sources/tcp/connect.ts'
import { until } from '../../../until.ts'

const options = { timeoutMs: 5_000, clock: systemClock, signal: new AbortController().signal }

async function listening() {
  const endings: (string | undefined)[] = []
  const server = createServer((socket) => {
    socket.on('error', (error) => endings.push(error.message))
    socket.on('data', () => endings.push('data'))
    socket.on('end', () => endings.push('end'))
    socket.resume()
  })
  server.listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  return { server, port: (server.address() as AddressInfo).port, endings }
}

describe('a connect', () => {
  it('reaches a server, sends nothing and ends without a reset', async () => {
    const { server, port, endings } = await listening()
    const poll = await tryConnect('127.0.0.1', port, options)
    assert.equal(poll.ok && poll.snapshot.reachable, true)
    await until('the end of the connection', () => endings.length > 0)
    assert.deepEqual(endings, ['end'])
    await new Promise((resolve) => server.close(resolve))
  })

  it('that is refused is an observation and no failure', async () => {
    const { server, port } = await listening()
    await new Promise((resolve) => server.close(resolve))
    const refused = await tryConnect('127.0.0.1', port, options)
    assert.deepEqual(refused.ok && refused.snapshot, { reachable: false, why: 'ECONNREFUSED' })
  })

  it('that is aborted is a failure', async () => {
    const poll = await tryConnect('127.0.0.1', 1, { ...options, signal: AbortSignal.abort() })
    assert.equal(poll.ok, false)
  })
})
