import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { openApt } from '../tools/apt.ts'

const execute = promisify(execFile)

/** The fuzzer's native part asks for this one, 2.38: the number behind the dot. */
const leastMinor = 38

/**
 * How to start a program so that it finds a glibc of 2.38 or newer: as it is, or on an older Debian through the loader of
 * Debian unstable's, unpacked into `home`. The rest of the system stays as it is.
 */
export async function withNewerGlibc(home: string): Promise<readonly string[]> {
  const report = process.report.getReport() as { header?: { glibcVersionRuntime?: string } }
  if (Number(report.header?.glibcVersionRuntime?.split('.')[1]) >= leastMinor) return []
  const root = join(home, 'glibc')
  if ((await readdir(root).catch(() => [])).length === 0) await unpack(home, root)
  const names = await readdir(root, { recursive: true })
  const loader = names.find((name) => /\/ld-linux-[^/]*\.so\.\d$/.test(name) && !name.startsWith('lib64'))
  const library = names.find((name) => name.endsWith('/libc.so.6'))
  if (loader === undefined || library === undefined) throw new Error(`${root} was unpacked but holds no glibc`)
  return [join(root, loader), '--library-path', join(root, library, '..')]
}

async function unpack(home: string, root: string): Promise<void> {
  await mkdir(home, { recursive: true })
  const work = await mkdtemp(join(home, 'unpack-'))
  try {
    await (await openApt(join(home, 'apt'), 'unstable')).download('libc6', work)
    // What it brings along are tools for development that are installed here; the libraries of C++ go with it.
    const libraries = (await readdir(work)).filter((file) => /^(libc6|libstdc\+\+6|libgcc-s1)_.*\.deb$/.test(file))
    for (const file of libraries) await execute('dpkg-deb', ['--extract', join(work, file), join(work, 'root')])
    await rename(join(work, 'root'), root) // whole or not at all
  } finally {
    await rm(work, { recursive: true, force: true })
  }
}
