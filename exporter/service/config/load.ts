/**
 * Reads the config file: YAML, checked whole against the schema and then for what a schema cannot say. All faults are
 * told at once, each with its place, and a file with a fault changes nothing.
 */
import { dirname, resolve } from 'node:path'
import { checkShape, readChecked, readText } from './checked-yaml.ts'
import { checkMeaning } from './checks.ts'
import { type Config, type ConfigFile, toConfig } from './config.ts'
import { configSchema } from './schema.ts'

export { ConfigError } from './checked-yaml.ts'

export interface LoadedConfig {
  readonly config: Config
  /** As in the file, with the defaults filled in. For /config. */
  readonly file: ConfigFile
}

export async function loadConfig(path: string): Promise<LoadedConfig> {
  return parseConfig(await readText(path), path)
}

/** `name` stands in the faults; relative paths in the file are taken from its folder. */
export function parseConfig(text: string, name: string): LoadedConfig {
  const value = readChecked(text, name, (read) => [...checkShape(configSchema, read), ...checkMeaning(read)])
  const file = withAbsolutePaths(value as ConfigFile, dirname(name))
  return { config: toConfig(file), file }
}

function withAbsolutePaths(file: ConfigFile, folder: string): ConfigFile {
  for (const { nodes, connections } of file.clusters) {
    if (nodes?.kubeconfig !== undefined) nodes.kubeconfig = resolve(folder, nodes.kubeconfig)
    if (connections !== undefined) connections.proc = resolve(folder, connections.proc)
  }
  file.resolv_conf = resolve(folder, file.resolv_conf)
  return file
}
