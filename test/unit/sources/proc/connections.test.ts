import assert from 'node:assert/strict'
import { chmod, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { systemClock } from '../../../../exporter/service/clock.ts'
import { readConnections } from '../../../../exporter/sources/proc/connections.ts'
import { writeProc } from '../../../lab/proc.ts'

let directory = ''
let made = 0

before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'proc-'))
})

after(async () => {
  await rm(directory, { recursive: true })
})

function folder(): string {
  made += 1
  return join(directory, String(made))
}

const options = { clock: systemClock, signal: new AbortController().signal }
const plain = { timer: 0, unacknowledged: 0, retransmissions: 0 }
const mapped = '00000000000000000000ffff0a000001'

describe('the connections of a machine', () => {
  it('are those of both tables that are established to the wanted addresses, under the name that was asked for', async () => {
    const proc = folder()
    const stuck = { timer: 1, unacknowledged: 300, retransmissions: 5 }
    await writeProc(
      proc,
      [
        { remote: '10.0.0.1' },
        { remote: '10.0.0.2', ...stuck },
        { remote: '10.0.0.1', state: 6 },
        { remote: '10.0.0.9' },
      ],
      [{ remote: mapped, timer: 2 }, { remote: '20010db8000000000000000000000001' }],
    )
    const poll = await readConnections(proc, ['10.0.0.1', '10.0.0.2', '2001:DB8::1'], options)
    assert.deepEqual(poll.ok && poll.snapshot, [
      { address: '10.0.0.1', ...plain },
      { address: '10.0.0.2', ...stuck },
      { address: '10.0.0.1', ...plain, timer: 2 },
      { address: '2001:DB8::1', ...plain },
    ])
  })

  it('are those of the first process, or of the own network where that one is hidden', async () => {
    const proc = folder()
    await writeProc(proc, [{ remote: '10.0.0.1' }, { remote: '10.0.0.1' }], [], 'net')
    const wanted = ['10.0.0.1']
    const own = await readConnections(proc, wanted, options)
    assert.equal(own.ok && own.snapshot.length, 2)
    await writeProc(proc, [{ remote: '10.0.0.1' }])
    const first = await readConnections(proc, wanted, options)
    assert.equal(first.ok && first.snapshot.length, 1)
  })

  it('are read on a machine without IPv6, and from a text of several buffers', async () => {
    const proc = folder()
    const many = Array.from({ length: 3_000 }, (_, index) => ({ remote: `10.0.0.${index % 2}` }))
    await writeProc(proc, many, undefined)
    const poll = await readConnections(proc, ['10.0.0.1'], options)
    assert.equal(poll.ok && poll.snapshot.length, 1_500)
  })

  it('are all read from a copy that lacks the last line feed', async () => {
    const proc = folder()
    await writeProc(proc, [{ remote: '10.0.0.1' }, { remote: '10.0.0.1' }], [{ remote: mapped }])
    for (const file of ['tcp', 'tcp6']) {
      const path = join(proc, '1/net', file)
      await writeFile(path, (await readFile(path, 'utf8')).trimEnd())
    }
    const poll = await readConnections(proc, ['10.0.0.1'], options)
    assert.equal(poll.ok && poll.snapshot.length, 3)
  })

  it('of this very kernel hold a connection that this test makes', async () => {
    const server = createServer().listen(0, '127.0.0.1')
    await new Promise((resolve) => server.once('listening', resolve))
    const { port } = server.address() as AddressInfo
    const accepted = new Promise<Socket>((resolve) => server.once('connection', resolve))
    const client = connect({ host: '127.0.0.1', port, localAddress: '127.4.5.6' })
    const served = await accepted
    const proc = folder()
    await mkdir(join(proc, '1'), { recursive: true })
    // The network of this process, whatever the first one has.
    await symlink('/proc/self/net', join(proc, '1/net'))
    const poll = await readConnections(proc, ['127.4.5.6'], options)
    assert.deepEqual(poll.ok && poll.snapshot, [{ address: '127.4.5.6', ...plain }])
    client.destroy()
    served.destroy()
    server.close()
  })

  it('that cannot be read are a failure that says what to do', async () => {
    const proc = folder()
    const missing = await readConnections(proc, [], options)
    assert.equal(!missing.ok && missing.failure.reason, 'not_found')
    assert.match(missing.ok ? '' : missing.failure.message, /mount the host's \/proc\/1\/net read-only at \S+\/1\/net$/)
    await mkdir(join(proc, '1/net'), { recursive: true })
    await writeFile(join(proc, '1/net/tcp'), 'header\n   0: nothing that is known\n')
    const damaged = await readConnections(proc, [], options)
    assert.equal(!damaged.ok && damaged.failure.reason, 'malformed')
    await writeFile(join(proc, '1/net/tcp'), 'x'.repeat(100_000))
    const endless = await readConnections(proc, [], options)
    assert.match(endless.ok ? '' : endless.failure.message, /a row is longer than 65536 bytes/)
  })

  it('are not taken from the network of the reader where a whole procfs is mounted elsewhere', async () => {
    const proc = folder()
    await mkdir(join(proc, 'self'), { recursive: true })
    await symlink('/proc/self/net', join(proc, 'self/net'))
    await symlink('self/net', join(proc, 'net'))
    const poll = await readConnections(proc, [], options)
    assert.equal(!poll.ok && poll.failure.reason, 'not_found')
    const said = poll.ok ? '' : poll.failure.message
    assert.match(said, /ENOENT: .*\/1\/net\/tcp'; mount the host's \/proc\/1\/net read-only at /)
  })

  it('are those of the own network where /proc itself is read', async () => {
    const poll = await readConnections('/proc/', [], options)
    assert.equal(poll.ok, true)
  })

  it('that may not be read are told as denied, whatever stands beside them', async () => {
    const proc = folder()
    await writeProc(proc, [{ remote: '10.0.0.1' }])
    await chmod(directory, 0o755)
    await chmod(join(proc, '1'), 0o000)
    // Root may read everything.
    const root = process.geteuid?.() === 0
    try {
      if (root) process.seteuid?.(65_534)
      const poll = await readConnections(proc, [], options)
      assert.equal(!poll.ok && poll.failure.reason, 'denied')
      assert.match(poll.ok ? '' : poll.failure.message, /EACCES: .*\/1\/net\/tcp'; mount the host's \/proc\/1\/net/)
    } finally {
      if (root) process.seteuid?.(0)
      await chmod(join(proc, '1'), 0o755)
    }
  })

  it('to what is no address are a failure too, and nothing that is thrown', async () => {
    const proc = folder()
    await writeProc(proc, [{ remote: '10.0.0.1' }])
    const poll = await readConnections(proc, ['10.0.0.1', 'not an address'], options)
    assert.equal(!poll.ok && poll.failure.reason, 'internal')
  })

  it('are no longer read after an abort', async () => {
    const proc = folder()
    await writeProc(proc, [{ remote: '10.0.0.1' }])
    const poll = await readConnections(proc, ['10.0.0.1'], { clock: systemClock, signal: AbortSignal.abort() })
    assert.equal(poll.ok, false)
  })
})
