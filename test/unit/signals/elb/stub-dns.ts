import { failed, good, type Poll } from '../../../../exporter/core/poll.ts'
import type { Answer, DnsClient, Question, ResolveOptions } from '../../../../exporter/sources/dns/client.ts'

/** Answers from a table, at once. A name that is not in it does not exist. */
export class StubDns implements DnsClient {
  readonly #records = new Map<string, readonly string[] | 'timeout' | 'hang'>()
  readonly asked: string[] = []
  readonly now: () => number

  constructor(now: () => number) {
    this.now = now
  }

  /** `resolver` absent: for all of them. */
  set(
    hostname: string,
    records: readonly string[] | 'timeout' | 'hang',
    options: { type?: string; resolver?: string } = {},
  ) {
    this.#records.set(`${hostname} ${options.type ?? 'A'} ${options.resolver ?? '*'}`, records)
  }

  remove(hostname: string): void {
    for (const key of this.#records.keys()) if (key.startsWith(`${hostname} `)) this.#records.delete(key)
  }

  async resolve({ hostname, type }: Question, resolver: string, { signal }: ResolveOptions): Promise<Poll<Answer>> {
    this.asked.push(`${hostname} ${type} ${resolver}`)
    const records =
      this.#records.get(`${hostname} ${type} ${resolver}`) ?? this.#records.get(`${hostname} ${type} *`) ?? 'NXDOMAIN'
    if (records === 'hang') {
      await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
      return failed(this.now(), 'timeout', 'the run ended')
    }
    if (records === 'timeout') return failed(this.now(), 'timeout', `no answer for ${hostname} from ${resolver}`)
    if (records === 'NXDOMAIN') {
      return good(this.now(), { rcode: 'NXDOMAIN', records: [], chain: [], server: '127.0.0.1:53' })
    }
    const answer = { rcode: 'NOERROR' as const, records: [...records].sort(), ttlSeconds: 60, chain: [] }
    return good(this.now(), { ...answer, server: '127.0.0.1:53' })
  }

  async namesFor(hostname: string): Promise<readonly string[]> {
    return [hostname]
  }

  async close(): Promise<void> {}
}
