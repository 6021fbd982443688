import { ConfigError, type LoadedConfig, loadConfig } from '../service/config/load.ts'
import { checkPermissionsOf, type PermissionFlags } from './check-permissions.ts'

export interface CheckFlags extends PermissionFlags {
  readonly permissions?: boolean
}

/** Exit code 0, or 1 with a line on standard error for every fault, or with what is not permitted. */
export async function checkConfig(path: string, flags: CheckFlags): Promise<number> {
  const loaded = await load(path)
  if (loaded === undefined) return 1
  if (flags.permissions === true) return await checkPermissionsOf(loaded.config, flags)
  const { length } = loaded.config.clusters
  process.stdout.write(`${path}: valid, ${length} ${length === 1 ? 'cluster' : 'clusters'}\n`)
  return 0
}

async function load(path: string): Promise<LoadedConfig | undefined> {
  try {
    return await loadConfig(path)
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    process.stderr.write(`${error.message}\n`)
    return undefined
  }
}
