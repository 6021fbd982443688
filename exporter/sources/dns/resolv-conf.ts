import { readFile, stat } from 'node:fs/promises'
import type { Clock } from '../../core/clock.ts'
import { type ServerAddress, serverAddress } from './server-address.ts'

/** As the C library does: no more than three, and this machine where none is named (resolv.conf(5)). */
const maxNameservers = 3
const defaultNameserver = '127.0.0.1'
const checkEveryMs = 1000

export function parseResolvConf(text: string, port?: number): ServerAddress[] {
  const servers: ServerAddress[] = []
  for (const line of text.split('\n')) {
    const [keyword, address = ''] = line.trim().split(/\s+/)
    const server = keyword === 'nameserver' ? serverAddress(address, port) : undefined
    if (server !== undefined && servers.length < maxNameservers) servers.push(server)
  }
  if (servers.length > 0) return servers
  const local = serverAddress(defaultNameserver, port)
  return local === undefined ? [] : [local]
}

export interface ResolvConfOptions {
  readonly path: string
  readonly clock: Clock
  /** of the nameservers; the file cannot name one */
  readonly port?: number
}

/**
 * The nameservers of a resolv.conf, read anew when the file changes: looked at on use, at most once a second. `stat`
 * follows links, so a file that is replaced by moving a link (as Kubernetes mounts do) counts as changed.
 */
export class ResolvConf {
  readonly #options: ResolvConfOptions
  #servers: readonly ServerAddress[] | undefined
  #identity = ''
  #checkedAt = -Infinity
  #checking: Promise<void> | undefined

  constructor(options: ResolvConfOptions) {
    this.#options = options
  }

  /** Rejects only while the file was never readable; later the last good content stays. */
  async servers(): Promise<readonly ServerAddress[]> {
    if (this.#servers !== undefined && this.#options.clock.monotonic() - this.#checkedAt < checkEveryMs) {
      return this.#servers
    }
    this.#checking ??= this.#check().finally(() => {
      this.#checking = undefined
    })
    await this.#checking
    return this.#servers ?? []
  }

  async #check(): Promise<void> {
    const { clock, path, port } = this.#options
    try {
      const { dev, ino, mtimeNs, size } = await stat(path, { bigint: true })
      const identity = `${dev} ${ino} ${mtimeNs} ${size}`
      if (identity !== this.#identity) {
        this.#servers = parseResolvConf(await readFile(path, 'utf8'), port)
        this.#identity = identity
      }
    } catch (error) {
      // No file is an empty file, as the C library has it; in the middle of a replacement the old content holds.
      if (this.#servers === undefined && isMissing(error)) this.#servers = parseResolvConf('', port)
      if (this.#servers === undefined) throw error
    }
    this.#checkedAt = clock.monotonic()
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT'
}
