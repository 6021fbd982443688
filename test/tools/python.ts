/** Programs that PyPI carries and Debian does not, in their pinned versions. */
import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { withLock } from './lock.ts'

const execute = promisify(execFile)

const lockWaitMs = 300_000

/**
 * A folder for PYTHONPATH that holds the packages, installed into `.cache/` of the checkout where they are not there yet.
 * The first one, as `name==version`, names the folder. Throws where Python, pip or an index is lacking; the error says
 * which, and what to install.
 */
export async function pythonPackages(packages: readonly [string, ...string[]], limitMs: number): Promise<string> {
  const home = resolve(import.meta.dirname, '../../.cache/python')
  const { stdout: python } = await execute('python3', [
    '-c',
    'import sys; print("%d.%d" % sys.version_info[:2])',
  ]).catch((cause: unknown) => {
    throw new Error('This needs python3 with pip on PATH.', { cause })
  })
  const folder = join(home, `${packages[0]}-python${python.trim()}`)
  const there = async () => (await readdir(folder).catch(() => [])).length > 0
  if (await there()) return folder
  await mkdir(home, { recursive: true })
  await withLock(join(home, 'lock'), lockWaitMs, async () => {
    if (!(await there())) await install(packages, home, folder, limitMs)
  })
  return folder
}

async function install(packages: readonly string[], home: string, folder: string, limitMs: number): Promise<void> {
  const work = await mkdtemp(join(home, 'install-'))
  try {
    const quiet = ['--quiet', '--disable-pip-version-check', '--no-warn-script-location', '--root-user-action=ignore']
    await execute('python3', ['-m', 'pip', 'install', ...quiet, '--target', work, ...packages], { timeout: limitMs })
    await rename(work, folder) // whole or not at all
  } catch (cause) {
    const said = cause instanceof Error ? cause.message.trim().split('\n').slice(0, 3).join(' ') : String(cause)
    throw new Error(
      `pip could not install ${packages.join(', ')} (${said}). Install pip, or give it an index to reach.`,
      { cause },
    )
  } finally {
    await rm(work, { recursive: true, force: true })
  }
}
