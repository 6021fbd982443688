/** The exporter as its users start it: a process with a command line and a config file, spoken to over its sockets. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { stringify } from 'yaml'

const main = fileURLToPath(new URL('../../exporter/main.ts', import.meta.url))
/** So long that a machine which has no CPU to give does not end a wait. */
const startLimitMs = 60_000
const patienceMs = 30_000
const pollEveryMs = 50

export interface ExporterOptions {
  /** Config as a value, written as YAML; absent: no --config.file. */
  readonly config?: unknown
  readonly flags?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  /** The folder of config and state; absent: a temporary one. */
  readonly folder?: string
  /** A command before the exporter's own, e.g. ip netns exec. */
  readonly wrapper?: readonly string[]
  readonly nodeFlags?: readonly string[]
  /** The program's file; absent: the sources. */
  readonly main?: string
}

export class Exporter {
  readonly folder: string
  readonly lines: Record<string, unknown>[] = []
  readonly #child: ChildProcess
  readonly #ownFolder: boolean
  url = ''

  private constructor(child: ChildProcess, folder: string, ownFolder: boolean) {
    this.#child = child
    this.folder = folder
    this.#ownFolder = ownFolder
  }

  static async start(options: ExporterOptions): Promise<Exporter> {
    const folder = options.folder ?? (await mkdtemp(join(tmpdir(), 'exporter-')))
    const flags = [...(options.flags ?? [])]
    if (options.config !== undefined) {
      await writeFile(join(folder, 'config.yaml'), stringify(options.config))
      flags.push(`--config.file=${join(folder, 'config.yaml')}`)
    }
    const argv = [...(options.wrapper ?? []), process.execPath, ...(options.nodeFlags ?? [])]
    if (!flags.some((flag) => flag.startsWith('--web.listen-address='))) flags.push('--web.listen-address=127.0.0.1:0')
    argv.push(options.main ?? main, ...flags)
    const [command = '', ...args] = argv
    const env = { PATH: process.env.PATH, HOME: folder, ...options.env }
    const child = spawn(command, args, { stdio: ['ignore', 'inherit', 'pipe'], env })
    const exporter = new Exporter(child, folder, options.folder === undefined)
    exporter.#readLog()
    await exporter.#listening()
    return exporter
  }

  get pid(): number {
    return this.#child.pid ?? 0
  }

  async get(path: string, init?: RequestInit): Promise<Response> {
    return await fetch(this.url + path, { signal: AbortSignal.timeout(patienceMs), ...init })
  }

  async metrics(): Promise<Metrics> {
    return new Metrics(await (await this.get('/metrics')).text())
  }

  /** Scrapes until `condition` holds; fails with the last scrape's own lines after `limitMs`. */
  async until(condition: (metrics: Metrics) => boolean, what: string, limitMs = patienceMs): Promise<Metrics> {
    const deadline = Date.now() + limitMs
    for (;;) {
      const metrics = await this.metrics()
      if (condition(metrics)) return metrics
      if (Date.now() > deadline) throw new Error(`not within ${limitMs} ms: ${what}\n${metrics.own().join('\n')}`)
      await new Promise((resolve) => setTimeout(resolve, pollEveryMs))
    }
  }

  async ready(limitMs = patienceMs): Promise<void> {
    const deadline = Date.now() + limitMs
    while ((await this.get('/-/ready')).status !== 200) {
      if (Date.now() > deadline) throw new Error(`not ready within ${limitMs} ms: ${JSON.stringify(this.lines)}`)
      await new Promise((resolve) => setTimeout(resolve, pollEveryMs))
    }
  }

  async writeConfig(config: unknown): Promise<void> {
    await writeFile(join(this.folder, 'config.yaml'), typeof config === 'string' ? config : stringify(config))
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name)
  }

  /** Ends the process; resolves with its exit code, null where a signal killed it. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
    const exited = this.#child.exitCode !== null || this.#child.signalCode !== null
    const gone = exited ? Promise.resolve() : once(this.#child, 'exit')
    this.#child.kill(signal)
    const limit = setTimeout(() => this.#child.kill('SIGKILL'), 10_000)
    await gone
    clearTimeout(limit)
    if (this.#ownFolder) await rm(this.folder, { recursive: true, force: true })
    return this.#child.exitCode
  }

  #readLog(): void {
    if (this.#child.stderr === null) return
    createInterface({ input: this.#child.stderr }).on('line', (line) => {
      try {
        this.lines.push(JSON.parse(line))
      } catch {
        this.lines.push({ raw: line })
      }
    })
  }

  async #listening(): Promise<void> {
    const deadline = Date.now() + startLimitMs
    for (;;) {
      const line = this.lines.find(({ msg }) => msg === 'listening')
      if (typeof line?.address === 'string') {
        this.url = line.address
        return
      }
      const gone = this.#child.exitCode !== null || this.#child.signalCode !== null
      if (gone || Date.now() > deadline) {
        this.#child.kill('SIGKILL')
        throw new Error(`the exporter did not start: ${JSON.stringify(this.lines)}`)
      }
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }
}

/** A scrape as text, with what tests ask of it. */
export class Metrics {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }

  /** The series lines that start with `elbchurn_<prefix>`, sorted. */
  lines(prefix: string): string[] {
    return this.own()
      .filter((line) => line.startsWith(`elbchurn_${prefix}`))
      .sort()
  }

  /** The value of the series whose name and labels hold all of `parts`; undefined where there is none. */
  value(name: string, ...parts: readonly string[]): number | undefined {
    const line = this.own().find(
      (text) => /^elbchurn_\w+/.exec(text)?.[0] === `elbchurn_${name}` && parts.every((part) => text.includes(part)),
    )
    return line === undefined ? undefined : Number(line.slice(line.lastIndexOf(' ') + 1))
  }

  /** All series of this project's own metrics. */
  own(): string[] {
    return this.text.split('\n').filter((line) => line.startsWith('elbchurn_'))
  }
}
