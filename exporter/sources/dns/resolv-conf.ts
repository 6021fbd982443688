import { readFile, stat } from 'node:fs/promises'
import type { Clock } from '../../core/clock.ts'
import { parseSearchList, type SearchList } from './search-list.ts'
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

interface Content {
  readonly servers: readonly ServerAddress[]
  readonly search: SearchList
}

export interface ResolvConfOptions {
  readonly path: string
  readonly clock: Clock
  /** of the nameservers; the file cannot name one */
  readonly port?: number
}

/**
 * The nameservers and the search list of a resolv.conf, read anew when the file changes: looked at on use, at most once
 * a second. `stat` follows links, so a file that is replaced by moving a link (as Kubernetes mounts do) counts as changed.
 */
export class ResolvConf {
  readonly #options: ResolvConfOptions
  #content: Content | undefined
  #identity = ''
  #checkedAt = -Infinity
  #checking: Promise<Content> | undefined

  constructor(options: ResolvConfOptions) {
    this.#options = options
  }

  /** Rejects only while the file was never readable; later the last good content stays. */
  async servers(): Promise<readonly ServerAddress[]> {
    return (await this.#read()).servers
  }

  /** Likewise. */
  async searchList(): Promise<SearchList> {
    return (await this.#read()).search
  }

  async #read(): Promise<Content> {
    if (this.#content !== undefined && this.#options.clock.monotonic() - this.#checkedAt < checkEveryMs) {
      return this.#content
    }
    this.#checking ??= this.#check().finally(() => {
      this.#checking = undefined
    })
    return await this.#checking
  }

  async #check(): Promise<Content> {
    const { clock, path } = this.#options
    try {
      const { dev, ino, mtimeNs, size } = await stat(path, { bigint: true })
      const identity = `${dev} ${ino} ${mtimeNs} ${size}`
      if (identity !== this.#identity) {
        this.#content = this.#parse(await readFile(path, 'utf8'))
        this.#identity = identity
      }
    } catch (error) {
      // No file is an empty file, as the C library has it; in the middle of a replacement the old content holds.
      if (this.#content === undefined && !isMissing(error)) throw error
    }
    this.#content ??= this.#parse('')
    this.#checkedAt = clock.monotonic()
    return this.#content
  }

  #parse(text: string): Content {
    return { servers: parseResolvConf(text, this.#options.port), search: parseSearchList(text) }
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT'
}
