import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { systemClock } from '../../../../exporter/service/clock.ts'
import type { QueryTrace, RecordType } from '../../../../exporter/sources/dns/client.ts'
import { createDnsClient, type DnsClientOptions } from '../../../../exporter/sources/dns/create-client.ts'
import { LabDns, type LabDnsOptions } from '../../../lab/dns-server.ts'

export const host = 'api.example.com'
/** Of tests that wait for a time-out: client and server share a process, which may be without CPU for a moment. */
export const shortTimeoutMs = 1_000

export async function lab(t: TestContext, options?: LabDnsOptions): Promise<LabDns> {
  const server = await LabDns.start(options)
  t.after(() => server.close())
  return server
}

export async function resolvConf(t: TestContext, ...addresses: string[]): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'resolv-'))
  t.after(() => rm(folder, { recursive: true }))
  const path = join(folder, 'resolv.conf')
  await writeFile(path, addresses.map((address) => `nameserver ${address}\n`).join(''))
  return path
}

/** A client and the ways in which tests ask it. Tests that wait for a time-out take `shortTimeoutMs`. */
export function clientOf(t: TestContext, options: Partial<DnsClientOptions> = {}) {
  const client = createDnsClient({ clock: systemClock, ...options })
  t.after(() => client.close())
  const traces: QueryTrace[] = []
  const drops: string[] = []
  const controller = new AbortController()
  const resolve = (resolver: string, hostname = host, type: RecordType = 'A') =>
    client.resolve({ hostname, type }, resolver, {
      signal: controller.signal,
      onQuery: (trace) => traces.push(trace),
      onDrop: (server, reason) => drops.push(`${server} ${reason}`),
    })
  const records = async (resolver: string, hostname = host, type: RecordType = 'A') => {
    const poll = await resolve(resolver, hostname, type)
    assert.ok(poll.ok, poll.ok ? '' : poll.failure.message)
    return poll.snapshot.records
  }
  const failure = async (resolver: string, hostname = host, type: RecordType = 'A') => {
    const poll = await resolve(resolver, hostname, type)
    assert.ok(!poll.ok, 'expected a failure')
    return poll.failure
  }
  return { client, traces, drops, controller, resolve, records, failure }
}
