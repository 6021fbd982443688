import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, readdir, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { ToolSource } from './catalogue.ts'

const execute = promisify(execFile)

const keyring = '/usr/share/keyrings/debian-archive-keyring.gpg'
const listsMaxAgeMs = 24 * 3_600_000

/** apt with package lists, caches and locks of its own below `home`, so that it needs no root and changes nothing. */
export interface Apt {
  /** The files of `name` and of each dependency that is not installed here, downloaded into `folder`. */
  download(name: string, folder: string): Promise<void>
}

/** Reads the lists of `suite` unless they were read within a day. Throws where the mirror cannot be read. */
export async function openApt(home: string, suite: ToolSource['suite'], signal?: AbortSignal): Promise<Apt> {
  const run = runner(signal)
  const installed = await readLists(run, join(home, 'installed'), [])
  if (suite === 'installed') return apt(run, installed)
  const mirror = await debianMirror(run, installed)
  const sources = join(home, 'unstable.list')
  const signedBy = existsSync(keyring) ? `[signed-by=${keyring}] ` : ''
  await writeFile(sources, `deb ${signedBy}${mirror} unstable main\n`)
  return apt(
    run,
    await readLists(run, join(home, 'unstable'), [
      ...option('Dir::Etc::SourceList', sources),
      ...option('Dir::Etc::SourceParts', '/dev/null'),
    ]),
  )
}

function apt(run: Run, options: readonly string[]): Apt {
  return {
    async download(name, folder) {
      // The simulation says what an installation would bring in on top of what is there.
      const plan = await run('apt-get', [...options, 'install', '--simulate', '--no-install-recommends', name])
      const packages = plan.split('\n').flatMap((line) => /^Inst (\S+) /.exec(line)?.[1] ?? [])
      if (packages.length === 0) throw new Error(`apt says that ${name} is installed, but it lacks the command.`)
      await run('apt-get', [...options, 'download', ...packages], folder)
    },
  }
}

/** Returns the apt options that select the lists. */
async function readLists(run: Run, folder: string, sources: readonly string[]): Promise<readonly string[]> {
  const state = join(folder, 'state')
  const cache = join(folder, 'cache')
  await mkdir(join(state, 'lists', 'partial'), { recursive: true })
  await mkdir(join(cache, 'archives', 'partial'), { recursive: true })
  const options = [
    '--quiet',
    ...option('Dir::State', state),
    ...option('Dir::State::status', '/var/lib/dpkg/status'),
    ...option('Dir::Cache', cache),
    ...option('APT::Sandbox::User', 'root'), // else root's downloads are made by a user who may not enter the checkout
    ...option('APT::Update::Error-Mode', 'any'), // else a mirror that cannot be reached is no more than a warning
    ...option('Acquire::Languages', 'none'),
    ...option('Acquire::Retries', '2'),
    ...option('Acquire::http::Timeout', '20'),
    ...option('Acquire::https::Timeout', '20'),
    ...sources,
  ]
  if (!(await fresh(join(state, 'lists')))) {
    const failure = await run('apt-get', [...options, 'update']).then(
      () => undefined,
      (cause: Error) => cause,
    )
    // One broken third-party source fails the whole command, although the distribution's own lists may have come.
    if (failure !== undefined && !(await fresh(join(state, 'lists')))) throw failure
  }
  return options
}

async function fresh(lists: string): Promise<boolean> {
  for (const name of await readdir(lists)) {
    if (!name.includes('_Packages')) continue
    const { mtimeMs, ctimeMs } = await stat(join(lists, name))
    // The modification time is the mirror's; the change time says when it was written here.
    if (Date.now() - Math.max(mtimeMs, ctimeMs) < listsMaxAgeMs) return true
  }
  return false
}

/** The mirror that apt is set up with, out of apt's own configuration. */
async function debianMirror(run: Run, options: readonly string[]): Promise<string> {
  const format = '$(ORIGIN) $(LABEL) $(CREATED_BY) $(REPO_URI)'
  const targets = await run('apt-get', [...options, 'indextargets', '--format', format])
  const mirror = targets.split('\n').flatMap((line) => /^Debian Debian Packages (\S+)$/.exec(line)?.[1] ?? [])[0]
  if (mirror === undefined) throw new Error('apt is set up with no Debian mirror whose unstable suite could be asked.')
  return mirror
}

function option(name: string, value: string): readonly string[] {
  return ['-o', `${name}=${value}`]
}

/** The command's output. Throws with what apt itself says, without the many options. */
type Run = (command: string, args: readonly string[], cwd?: string) => Promise<string>

function runner(signal: AbortSignal | undefined): Run {
  return async (command, args, cwd) => {
    const limits = { timeout: 240_000, maxBuffer: 64 * 1024 * 1024, ...(signal && { signal }), ...(cwd && { cwd }) }
    try {
      const { stdout } = await execute(command, args, limits)
      return stdout
    } catch (cause) {
      if (!(cause instanceof Error && 'stderr' in cause)) throw cause
      const said = String(cause.stderr)
        .split('\n')
        .filter((line) => /^[EW]: /.test(line))
      if (said.length === 0) throw cause
      throw new Error(`apt-get said: ${said.slice(0, 2).join(' ')}`, { cause })
    }
  }
}
