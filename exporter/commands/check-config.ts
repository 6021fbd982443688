import { ConfigError, loadConfig } from '../service/config/load.ts'

/** Exit code 0, or 1 with a line on standard error for every fault. */
export async function checkConfig(path: string): Promise<number> {
  try {
    const { config } = await loadConfig(path)
    const { length } = config.clusters
    process.stdout.write(`${path}: valid, ${length} ${length === 1 ? 'cluster' : 'clusters'}\n`)
    return 0
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    process.stderr.write(`${error.message}\n`)
    return 1
  }
}
