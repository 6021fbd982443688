import { createHash } from 'node:crypto'
import { isIP } from 'node:net'
import { messageOf } from '../../core/errors.ts'
import { currentContext } from '../../sources/kubernetes/current-context.ts'
import { readText } from './checked-yaml.ts'
import { ConfigError, type LoadedConfig, parseConfig } from './load.ts'

/** Where the config comes from: a file, or without one what the machine already knows of its cluster. */
export class ConfigSource {
  readonly path: string | undefined
  /** Of what was loaded last, well or not. */
  #loaded = ''

  constructor(path: string | undefined) {
    this.path = path
  }

  /** `reading`: the content of the file where it was read just now. Throws `ConfigError`. */
  async load(reading?: Reading): Promise<LoadedConfig> {
    if (this.path === undefined) return await defaultConfig()
    const { identity, text } = reading ?? (await readFile(this.path))
    this.#loaded = identity
    if (text instanceof ConfigError) throw text
    return parseConfig(text, this.path)
  }

  /** The content of the file where it is not the one that was loaded last; undefined where it is, and without a file. */
  async changed(): Promise<Reading | undefined> {
    if (this.path === undefined) return undefined
    const reading = await readFile(this.path)
    return reading.identity === this.#loaded ? undefined : reading
  }
}

/** What a file held at one moment. */
export interface Reading {
  /** Two readings with the same one found the same. */
  readonly identity: string
  /** Or why it could not be read. */
  readonly text: string | ConfigError
}

async function readFile(path: string): Promise<Reading> {
  try {
    const text = await readText(path)
    return { identity: createHash('sha256').update(text).digest('hex'), text }
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    return { identity: error.message, text: error }
  }
}

/** The current kubeconfig context (or the account of the pod), its API hostname, the system resolver. */
async function defaultConfig(): Promise<LoadedConfig> {
  const context = await readContext()
  if (context === undefined) {
    throw new ConfigError([
      'no --config.file, no kubeconfig and no service account: nothing to watch. Give --config.file',
    ])
  }
  const { hostname } = new URL(context.server)
  const isName = isIP(hostname.replaceAll(/[[\]]/g, '')) === 0
  const cluster = {
    name: context.cluster,
    nodes: context.inCluster ? { in_cluster: true } : {},
    ...(isName && { dns: { names: [{ hostname }] } }),
  }
  return parseConfig(JSON.stringify({ clusters: [cluster] }), 'default config')
}

async function readContext() {
  try {
    return await currentContext()
  } catch (error) {
    throw new ConfigError([`kubeconfig cannot be read: ${messageOf(error)}`])
  }
}
