import { isIP } from 'node:net'
import { currentContext } from '../../sources/kubernetes/current-context.ts'
import { ConfigError, type LoadedConfig, loadConfig, parseConfig } from './load.ts'

/** Where the config comes from: a file, or without one what the machine already knows of its cluster. */
export class ConfigSource {
  readonly path: string | undefined

  constructor(path: string | undefined) {
    this.path = path
  }

  /** Throws `ConfigError`. */
  async load(): Promise<LoadedConfig> {
    return this.path === undefined ? await defaultConfig() : await loadConfig(this.path)
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
    throw new ConfigError([`kubeconfig cannot be read: ${error instanceof Error ? error.message : String(error)}`])
  }
}
