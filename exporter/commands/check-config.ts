import { ConfigError, loadConfig } from '../service/config/load.ts'
import { checkWebConfig } from '../web/config/load.ts'
import { checkPermissionsOf, type PermissionFlags } from './check-permissions.ts'

export interface CheckFlags extends PermissionFlags {
  readonly permissions?: boolean
  readonly 'web.config.file'?: string
}

/** Exit code 0, or 1 with a line on standard error for every fault, or with what is not permitted. */
export async function checkConfig(path: string, flags: CheckFlags): Promise<number> {
  const webPath = flags['web.config.file']
  const [loaded, web] = [
    await told(() => loadConfig(path)),
    webPath && (await told(async () => checkWebConfig(webPath))),
  ]
  if (loaded === undefined || (webPath !== undefined && web === undefined)) return 1
  if (flags.permissions === true) return await checkPermissionsOf(loaded.config, flags)
  const { length } = loaded.config.clusters
  process.stdout.write(`${path}: valid, ${length} ${length === 1 ? 'cluster' : 'clusters'}\n`)
  if (webPath !== undefined) process.stdout.write(`${webPath}: valid\n`)
  return 0
}

/** undefined where there were faults, which are told. */
async function told<T>(load: () => Promise<T>): Promise<T | undefined> {
  try {
    return await load()
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    process.stderr.write(`${error.message}\n`)
    return undefined
  }
}
