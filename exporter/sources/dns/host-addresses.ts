/**
 * The addresses of a host to connect to: the hosts file, then DNS. It is what getaddrinfo does, which cannot be used:
 * it takes one of a few threads of the process until it gives up, 30 s and more where nobody answers, so that names
 * without a server hold up the others, and the end of the process too.
 */
import { isIP } from 'node:net'
import type { Clock } from '../../core/clock.ts'
import type { Failure, Poll } from '../../core/poll.ts'
import type { Answer, DnsClient } from './client.ts'
import { addressesInHosts, readHosts } from './hosts-file.ts'

/** In the order in which to dial them. Looked up anew at each call. Rejects with a HostError; so too on abort. */
export type FindAddresses = (hostname: string, signal: AbortSignal) => Promise<readonly string[]>

/** With a system's error code, as those of getaddrinfo have. */
export class HostError extends Error {
  override name = 'HostError'
  readonly code: 'ENOTFOUND' | 'ETIMEDOUT' | 'EAI_AGAIN'

  constructor(code: HostError['code'], message: string) {
    super(message)
    this.code = code
  }
}

export interface HostAddressesOptions {
  readonly dns: DnsClient
  readonly clock: Clock
  /** 0 to 1, for the order. */
  readonly random?: () => number
  /** default /etc/hosts */
  readonly hostsPath?: string
}

/** When one kind of address is known, the other is waited for no longer than this (RFC 8305, section 3). */
const resolutionDelayMs = 50
const loopback = ['127.0.0.1', '::1']

export function hostAddresses(options: HostAddressesOptions): FindAddresses {
  const { dns, hostsPath = '/etc/hosts', random = Math.random } = options
  return async (hostname, signal) => {
    if (isIP(hostname) !== 0) return [hostname]
    const plain = hostname.toLowerCase().replace(/\.$/, '')
    const listed = addressesInHosts(await readHosts(hostsPath), plain)
    if (listed.length > 0) return listed
    // RFC 6761, section 6.3: never asked of DNS.
    if (plain === 'localhost' || plain.endsWith('.localhost')) return loopback
    let failure: Failure | undefined
    for (const name of await dns.namesFor(hostname)) {
      const found = await askBoth(name, options, signal)
      const addresses = found.addresses.flatMap((family) => shuffled(family, random))
      if (addresses.length > 0) return addresses
      failure ??= found.failure
      // As the C library does: another domain is not tried instead of a server that does not answer.
      if (found.failure !== undefined && found.failure.reason !== 'server') break
    }
    throw failure === undefined
      ? new HostError('ENOTFOUND', `DNS has no address of ${hostname}: check the name`)
      : new HostError(failure.reason === 'timeout' ? 'ETIMEDOUT' : 'EAI_AGAIN', failure.message)
  }
}

interface Found {
  /** IPv4, then IPv6: where only one of them can be reached, it is most often the first */
  readonly addresses: readonly (readonly string[])[]
  readonly failure: Failure | undefined
}

async function askBoth(hostname: string, { dns, clock }: HostAddressesOptions, signal: AbortSignal): Promise<Found> {
  const settled = new AbortController()
  const ended = AbortSignal.any([signal, settled.signal])
  const polls: Poll<Answer>[] = []
  const enough = Promise.withResolvers<void>()
  const asking = (['A', 'AAAA'] as const).map(async (type) => {
    const poll = await dns.resolve({ hostname, type }, 'system', { signal: ended })
    polls.push(poll)
    if (polls.length === 1 && recordsOf(poll).length > 0) await clock.sleep(resolutionDelayMs, ended)
    else if (polls.length === 1) return
    enough.resolve()
  })
  await Promise.race([enough.promise, Promise.all(asking)])
  settled.abort()
  const failed = polls.find(({ ok }) => !ok)
  return {
    addresses: [4, 6].map((family) => polls.flatMap(recordsOf).filter((address) => isIP(address) === family)),
    failure: failed?.ok === false ? failed.failure : undefined,
  }
}

function recordsOf(poll: Poll<Answer>): readonly string[] {
  return poll.ok ? poll.snapshot.records : []
}

/** Answers come sorted: without this every exporter would dial the same address first, and never the last of many. */
function shuffled(addresses: readonly string[], random: () => number): string[] {
  return addresses
    .map((address) => ({ address, at: random() }))
    .sort((left, right) => left.at - right.at)
    .map(({ address }) => address)
}
