import assert from 'node:assert/strict'
import { Resolver } from 'node:dns/promises'
import { after, before, describe, it } from 'node:test'
import { startDaemon } from '../../lab/daemon.ts'
import { type Knot, startKnot } from '../../lab/knot.ts'
import { startUnbound, type Unbound } from '../../lab/unbound.ts'

describe('a real authoritative server behind a real resolver', () => {
  const zone = 'harness.example'
  let knot: Knot
  let unbound: Unbound

  before(async () => {
    knot = await startKnot(zone, [`api.${zone}. 30 IN A 192.0.2.1`])
    unbound = await startUnbound(zone, knot)
  })

  after(async () => {
    await unbound?.stop()
    await knot?.stop()
  })

  function ask(address: string, hostname: string): Promise<string[]> {
    const resolver = new Resolver({ timeout: 1_000, tries: 2 })
    resolver.setServers([address])
    return resolver.resolve4(hostname)
  }

  it('serves a dynamic update at once, while the resolver still answers from its cache', async () => {
    assert.deepEqual(await ask(unbound.address, `api.${zone}`), ['192.0.2.1'])
    await knot.update([`delete api.${zone}. A`, `add api.${zone}. 30 A 192.0.2.2`])
    assert.deepEqual(await ask(knot.address, `api.${zone}`), ['192.0.2.2'])
    assert.deepEqual(await ask(unbound.address, `api.${zone}`), ['192.0.2.1'])
  })

  it('resolves a name that it has not seen through the authoritative server', async () => {
    await knot.update([`add late.${zone}. 30 A 192.0.2.9`])
    assert.deepEqual(await ask(unbound.address, `late.${zone}`), ['192.0.2.9'])
  })

  it('tells an update that the server refuses', async () => {
    await assert.rejects(knot.update(['add elsewhere.example.net. 30 A 192.0.2.1']), /dynamic update .* failed/)
  })
})

describe('a server that cannot start', () => {
  it('is told in its own words', async () => {
    const start = startDaemon({
      command: 'sh',
      args: ['-c', 'echo the port is taken >&2; exit 1'],
      ready: () => Promise.resolve(false),
    })
    await assert.rejects(start, /the port is taken/)
  })
})
