import { execFile } from 'node:child_process'
import { constants } from 'node:fs'
import { access, mkdir, mkdtemp, readdir, readFile, rename, rm } from 'node:fs/promises'
import { delimiter, dirname, join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { openApt } from './apt.ts'
import { type ToolName, type ToolSource, toolSources } from './catalogue.ts'
import { withLock } from './lock.ts'

const execute = promisify(execFile)
const commandFolders = ['usr/sbin', 'usr/bin', 'sbin', 'bin']

export interface Tool {
  /** absolute path of the command */
  readonly command: string
  /** to be added to the environment of the command */
  readonly env: Readonly<Record<string, string>>
}

export interface FindOptions {
  /** Search path; default PATH. Folders of system daemons are searched too. */
  readonly path?: string
  /** Where packages are unpacked; default `.cache/debian` of the checkout. */
  readonly cache?: string
  /** Fills `folder` with the package files of a tool; default: from the Debian mirror by apt. */
  readonly fetch?: (source: ToolSource, folder: string) => Promise<void>
  readonly lockWaitMs?: number
  /** Ends a download. */
  readonly signal?: AbortSignal
}

/**
 * A program that tests need: on PATH, else out of its Debian package, unpacked into the checkout without root.
 * It never gives up quietly: without the program it throws, and the error says what to install.
 */
export async function findTool(name: ToolName, options: FindOptions = {}): Promise<Tool> {
  const source: ToolSource = toolSources[name]
  const command = source.command ?? name
  const onPath = await searchPath(command, options.path ?? process.env.PATH ?? '', source)
  if (onPath !== undefined) return { command: onPath, env: {} }
  try {
    return await unpacked(source, command, options)
  } catch (cause) {
    const least = source.least === undefined ? '' : ` ${source.least} or newer`
    const below = source.below === undefined ? '' : `, older than ${source.below},`
    throw new Error(
      `${command}${least}${below} is not on PATH and could not be unpacked here (${reason(cause)}). ` +
        `Install the Debian package ${source.package}, or put ${command} on PATH; this test is not skipped without it.`,
      { cause },
    )
  }
}

async function searchPath(command: string, path: string, source: ToolSource): Promise<string | undefined> {
  const folders = [...path.split(delimiter), '/usr/sbin', '/usr/local/sbin'].filter((folder) => folder !== '')
  for (const folder of folders) {
    const file = resolve(folder, command)
    if (!(await isExecutable(file))) continue
    if (source.least === undefined && source.below === undefined) return file
    if (fits(await versionOf(file), source)) return file
  }
  return undefined
}

async function isExecutable(file: string): Promise<boolean> {
  return access(file, constants.X_OK).then(
    () => true,
    () => false,
  )
}

async function versionOf(file: string): Promise<string> {
  const output = await execute(file, ['--version'], { timeout: 10_000 }).catch(() => ({ stdout: '', stderr: '' }))
  return /\d+\.\d+/.exec(output.stdout + output.stderr)?.[0] ?? '0.0'
}

function fits(version: string, { least, below }: ToolSource): boolean {
  return (least === undefined || notOlder(version, least)) && (below === undefined || !notOlder(version, below))
}

function notOlder(version: string, least: string): boolean {
  return version.localeCompare(least, 'en', { numeric: true }) >= 0
}

async function unpacked(source: ToolSource, command: string, options: FindOptions): Promise<Tool> {
  const cache = options.cache ?? resolve(import.meta.dirname, '../../.cache/debian')
  const home = join(cache, await release())
  const root = join(home, `${source.package}-${source.suite}`)
  if (!(await isFolder(root))) {
    await mkdir(home, { recursive: true })
    await withLock(join(home, 'lock'), options.lockWaitMs ?? 300_000, async () => {
      if (!(await isFolder(root))) await unpack(source, home, root, options)
    })
  }
  const file = await commandIn(root, command, source.folder === undefined ? commandFolders : [source.folder])
  const libraries = await libraryFolders(root)
  const env: Record<string, string> = libraries === '' ? {} : { LD_LIBRARY_PATH: libraries }
  await checkLibraries(file, env)
  return { command: file, env }
}

/** What is unpacked for one release does not fit the libraries of another. */
async function release(): Promise<string> {
  const text = await readFile('/etc/os-release', 'utf8')
  return `${/^VERSION_CODENAME=(\w+)$/m.exec(text)?.[1] ?? 'unknown'}-${process.arch}`
}

async function isFolder(path: string): Promise<boolean> {
  return readdir(path).then(
    () => true,
    () => false,
  )
}

async function unpack(source: ToolSource, home: string, root: string, options: FindOptions): Promise<void> {
  const work = await mkdtemp(join(home, 'unpack-'))
  try {
    const downloads = join(work, 'packages')
    await mkdir(downloads)
    if (options.fetch !== undefined) await options.fetch(source, downloads)
    else await (await openApt(join(home, 'apt'), source.suite, options.signal)).download(source.package, downloads)
    for (const file of await readdir(downloads)) {
      if (file.endsWith('.deb')) await execute('dpkg-deb', ['--extract', join(downloads, file), join(work, 'root')])
    }
    await rename(join(work, 'root'), root) // whole or not at all
  } finally {
    await rm(work, { recursive: true, force: true })
  }
}

async function commandIn(root: string, command: string, folders: readonly string[]): Promise<string> {
  for (const folder of folders) {
    const file = join(root, folder, command)
    if (await isExecutable(file)) return file
  }
  throw new Error(`${root} was unpacked but holds no ${command}`)
}

async function libraryFolders(root: string): Promise<string> {
  const names = await readdir(root, { recursive: true })
  const libraries = names.filter((name) => /\.so(\.\d+)*$/.test(name))
  return [...new Set(libraries.map((name) => join(root, dirname(name))))].sort().join(delimiter)
}

async function checkLibraries(file: string, env: Record<string, string>): Promise<void> {
  // ldd fails on what is linked statically, which lacks nothing.
  const listing = await execute('ldd', [file], { env: { ...process.env, ...env } }).catch(() => ({ stdout: '' }))
  const missing = listing.stdout.split('\n').filter((line) => line.includes('not found'))
  if (missing.length > 0) throw new Error(`${file} lacks libraries: ${missing.map((line) => line.trim()).join('; ')}`)
}

function reason(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause)
  const code =
    'code' in cause && cause.code === 'ENOENT' && 'path' in cause ? `no ${String(cause.path)} here` : undefined
  return code ?? cause.message.trim().split('\n').slice(0, 3).join(' ')
}
