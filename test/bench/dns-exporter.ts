/** dns_exporter of PyPI, https://dns-exporter.readthedocs.io, which asks by dnspython: a second peer that watches DNS. */
import { onFreePort, startDaemon } from '../lab/daemon.ts'
import { pythonPackages } from '../tools/python.ts'
import { HttpClient } from './http.ts'
import { cpuSeconds } from './measured.ts'

/** httpx is imported by this version and not among its requirements. */
const packages = ['dns_exporter==1.2.3', 'httpx==0.28.1'] as const
const installLimitMs = 60_000
/** More do not make it faster: one thread of Python runs at a time. */
const connections = 4

/** Where dns_exporter lies, installed where it is not yet. Throws on a machine without Python, pip or an index. */
export async function installDnsExporter(): Promise<string> {
  return await pythonPackages(packages, installLimitMs)
}

export class DnsExporter {
  readonly #pid: number
  readonly #url: string
  readonly #client = new HttpClient(connections)
  readonly #stop: () => Promise<void>

  private constructor(pid: number, url: string, stop: () => Promise<void>) {
    this.#pid = pid
    this.#url = url
    this.#stop = stop
  }

  /** `folder`: of `installDnsExporter`. */
  static async start(folder: string): Promise<DnsExporter> {
    return await onFreePort(async (port) => {
      const url = `http://127.0.0.1:${port}`
      const main = 'from dns_exporter.entrypoint import main; main()'
      const daemon = await startDaemon({
        command: 'python3',
        args: ['-c', main, '--quiet', '--listen-ip', '127.0.0.1', '--port', String(port)],
        env: { PYTHONPATH: folder },
        ready: async () => (await fetch(`${url}/metrics`)).ok,
      })
      return new DnsExporter(daemon.pid, url, () => daemon.stop())
    })
  }

  /** CPU in µs per name, each asked once of `server` (host:port). Throws where one did not succeed. */
  async cpuMicros(names: readonly string[], server: string): Promise<number> {
    const before = await cpuSeconds(this.#pid)
    const waiting = names.values()
    const probe = async () => {
      for (const name of waiting) await this.#probe(name, server)
    }
    await Promise.all(Array.from({ length: connections }, probe))
    return (((await cpuSeconds(this.#pid)) - before) / names.length) * 1e6
  }

  async stop(): Promise<void> {
    this.#client.close()
    await this.#stop()
  }

  async #probe(name: string, server: string): Promise<void> {
    const query = new URLSearchParams({ server, query_name: name, query_type: 'A', protocol: 'udp', family: 'ipv4' })
    const { body } = await this.#client.get(`${this.#url}/query?${query}`)
    if (!/^dnsexp_dns_query_success 1\.0$/m.test(String(body))) {
      throw new Error(`dns_exporter could not resolve ${name}:\n${body}`)
    }
  }
}
