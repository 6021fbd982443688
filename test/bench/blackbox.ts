/** prometheus-blackbox-exporter, probing names of the bench's zone: the peer that most people watch DNS with. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { stringify } from 'yaml'
import { onFreePort, startDaemon } from '../lab/daemon.ts'
import { findTool } from '../tools/find.ts'
import { HttpClient } from './http.ts'

/** As many probes at once as Prometheus would have under way. */
const connections = 20

export class Blackbox {
  readonly pid: number
  readonly #url: string
  readonly #client = new HttpClient(connections)
  readonly #stop: () => Promise<void>

  private constructor(pid: number, url: string, stop: () => Promise<void>) {
    this.pid = pid
    this.#url = url
    this.#stop = stop
  }

  /** A module for each name, since the name that is asked stands in the module. */
  static async start(names: readonly string[]): Promise<Blackbox> {
    const tool = await findTool('prometheus-blackbox-exporter')
    const folder = await mkdtemp(join(tmpdir(), 'blackbox-'))
    const file = join(folder, 'blackbox.yml')
    await writeFile(file, stringify({ modules: Object.fromEntries(names.map((name) => [name, dnsModule(name)])) }))
    return await onFreePort(async (port) => {
      const url = `http://127.0.0.1:${port}`
      const flags = [`--config.file=${file}`, `--web.listen-address=127.0.0.1:${port}`, '--log.level=error']
      const daemon = await startDaemon({
        command: tool.command,
        args: flags,
        env: tool.env,
        ready: async () => (await fetch(`${url}/-/healthy`)).ok,
      })
      return new Blackbox(daemon.pid, url, async () => {
        await daemon.stop()
        await rm(folder, { recursive: true, force: true })
      })
    })
  }

  /** Probes every name once. Resolves with the time of each probe in ms; throws where one did not succeed. */
  async probeAll(names: readonly string[], server: string): Promise<number[]> {
    const times: number[] = []
    const waiting = names.values()
    const probe = async () => {
      for (const name of waiting) {
        const { body, ms } = await this.#client.get(`${this.#url}/probe?module=${name}&target=${server}`)
        if (!body.includes('\nprobe_success 1\n')) throw new Error(`blackbox could not resolve ${name}:\n${body}`)
        times.push(ms)
      }
    }
    await Promise.all(Array.from({ length: connections }, probe))
    return times
  }

  async stop(): Promise<void> {
    this.#client.close()
    await this.#stop()
  }
}

function dnsModule(name: string): object {
  const dns = { query_name: name, query_type: 'A', preferred_ip_protocol: 'ip4', transport_protocol: 'udp' }
  return { prober: 'dns', timeout: '2s', dns }
}
