/** GET over kept connections, timed. The bench's own cost is part of what it measures, so it uses no more than node:http. */
import { Agent, request } from 'node:http'

export interface Timed {
  readonly body: Buffer
  /** From the request to the last byte. */
  readonly ms: number
  /** On the scale of process.hrtime.bigint(). */
  readonly endedNs: bigint
}

const limitMs = 10_000

export class HttpClient {
  readonly #agent: Agent

  constructor(connections: number) {
    this.#agent = new Agent({ keepAlive: true, maxSockets: connections })
  }

  get(url: string, headers: Readonly<Record<string, string>> = {}): Promise<Timed> {
    const { promise, resolve, reject } = Promise.withResolvers<Timed>()
    const startedNs = process.hrtime.bigint()
    const outgoing = request(url, { agent: this.#agent, headers, timeout: limitMs }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('error', reject)
      response.on('end', () => {
        if (response.statusCode !== 200) return reject(new Error(`${url} answered ${response.statusCode}`))
        const endedNs = process.hrtime.bigint()
        resolve({ body: Buffer.concat(chunks), ms: Number(endedNs - startedNs) / 1e6, endedNs })
      })
    })
    outgoing.on('timeout', () => outgoing.destroy(new Error(`${url} gave no answer within ${limitMs} ms`)))
    outgoing.on('error', reject)
    outgoing.end()
    return promise
  }

  close(): void {
    this.#agent.destroy()
  }
}
