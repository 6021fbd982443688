import { ConfigError, loadConfig } from '../service/config/load.ts'

/** Exit code 0, or 1 with a line on standard error for every fault. */
export async function checkConfig(path: string): Promise<number> {
  try {
    const { config, warnings } = await loadConfig(path)
    for (const warning of warnings) process.stderr.write(`${path}: warning: ${warning}\n`)
    const { length } = config.clusters
    process.stdout.write(`${path}: valid, ${length} ${length === 1 ? 'cluster' : 'clusters'}\n`)
    return 0
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    process.stderr.write(`${error.message}\n`)
    return 1
  }
}
