/** Programs that Debian does not carry, built from the module proxy of Go in their pinned versions. */
import { execFile } from 'node:child_process'
import { access, constants, mkdir, mkdtemp, rename, rm } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { type Apt, openApt } from './apt.ts'
import { withLock } from './lock.ts'

const execute = promisify(execFile)

interface GoProgram {
  readonly path: string
  readonly version: string
  /** Texts that its own Makefile puts in, by the name of their variable. */
  readonly variables: Readonly<Record<string, string>>
}

/** The version of Kubernetes that Helm takes a cluster to have which it does not ask; without these it is 1.20. */
const kubernetes = Object.fromEntries(
  ['chartutil', 'lint/rules'].flatMap((part) => [
    [`helm.sh/helm/v3/pkg/${part}.k8sVersionMajor`, '1'],
    [`helm.sh/helm/v3/pkg/${part}.k8sVersionMinor`, '34'],
  ]),
)

/** The newest that Go 1.24 builds, which the current stable Debian has. */
const programs = {
  helm: { path: 'helm.sh/helm/v3/cmd/helm', version: 'v3.19.5', variables: kubernetes },
  kubeconform: { path: 'github.com/yannh/kubeconform/cmd/kubeconform', version: 'v0.7.0', variables: {} },
} as const satisfies Record<string, GoProgram>

export type GoProgramName = keyof typeof programs

const leastGo = '1.24'
const buildLimitMs = 400_000
const lockWaitMs = 500_000

export interface GoOptions {
  /** Search path of Go; default PATH. */
  readonly path?: string
  /** Where programs are kept; default `.cache/go` of the checkout. */
  readonly cache?: string
}

/**
 * Absolute path of the program, built into the checkout where it is not there yet. It never gives up quietly: where it
 * cannot be built it throws, and the error says what to install.
 */
export async function goProgram(name: GoProgramName, options: GoOptions = {}): Promise<string> {
  const cache = options.cache ?? resolve(import.meta.dirname, '../../.cache/go')
  const file = fileOf(name, cache)
  if (await isExecutable(file)) return file
  await mkdir(cache, { recursive: true })
  return await withLock(join(cache, 'lock'), lockWaitMs, async () => {
    if (!(await isExecutable(file))) await buildAll(cache, options)
    return file
  })
}

function fileOf(name: GoProgramName, cache: string): string {
  return join(cache, `${name}-${programs[name].version}-${process.arch}`, name)
}

/**
 * All of them one after the other, since they share the standard library. Downloads and objects lie in a folder that goes
 * with the build: 1.4 GB that nobody needs again.
 */
async function buildAll(cache: string, options: GoOptions): Promise<void> {
  const work = await mkdtemp(join(cache, 'build-'))
  try {
    const go = await findGo(options.path ?? process.env.PATH ?? '', cache)
    for (const name of Object.keys(programs) as GoProgramName[]) {
      const file = fileOf(name, cache)
      if (!(await isExecutable(file))) await build(go, name, work, file)
    }
  } finally {
    await rm(work, { recursive: true, force: true })
  }
}

async function build(go: string, name: GoProgramName, work: string, file: string): Promise<void> {
  const { path, version, variables }: GoProgram = programs[name]
  const bin = join(work, 'bin')
  const env = {
    ...process.env,
    GOBIN: bin,
    GOPATH: join(work, 'path'),
    GOCACHE: join(work, 'objects'),
    GOFLAGS: '-modcacherw',
    GOTOOLCHAIN: 'local',
    CGO_ENABLED: '0', // no C compiler is needed, and the program runs on any Debian
  }
  const values = Object.entries(variables).map(([variable, value]) => `-X ${variable}=${value}`)
  const args = ['install', '-trimpath', `-ldflags=${['-s', '-w', ...values].join(' ')}`, `${path}@${version}`]
  try {
    await execute(go, args, { env, cwd: work, timeout: buildLimitMs, maxBuffer: 64 * 1024 * 1024 })
    await mkdir(resolve(file, '..'), { recursive: true })
    await rename(join(bin, name), file) // whole or not at all
  } catch (cause) {
    const said = cause instanceof Error ? cause.message.trim().split('\n').slice(-3).join(' ') : String(cause)
    throw new Error(
      `${path}@${version} could not be built (${said}). Install Go ${leastGo} or newer, and let it reach its module ` +
        'proxy; this test is not skipped without it.',
      { cause },
    )
  }
}

/** On PATH or where go.dev installs it, if new enough; else out of Debian unstable, unpacked without root. */
async function findGo(path: string, cache: string): Promise<string> {
  for (const folder of [...path.split(':').filter((each) => each !== ''), '/usr/local/go/bin', '/usr/lib/go/bin']) {
    const file = resolve(folder, 'go')
    if ((await isExecutable(file)) && notOlder(await versionOf(file))) return file
  }
  return await unpackGo(cache)
}

async function unpackGo(cache: string): Promise<string> {
  const root = join(cache, `debian-${process.arch}`)
  const file = join(root, 'usr/lib/go/bin/go')
  if (await isExecutable(file)) return file
  const work = await mkdtemp(join(cache, 'unpack-'))
  try {
    const apt: Apt = await openApt(join(cache, 'apt'), 'unstable')
    const downloads = join(work, 'packages')
    await mkdir(downloads)
    await apt.download('golang-go', downloads)
    await execute('sh', ['-c', 'for f in packages/*.deb; do dpkg-deb --extract "$f" root; done'], { cwd: work })
    await rename(join(work, 'root'), root)
  } finally {
    await rm(work, { recursive: true, force: true })
  }
  return file
}

async function versionOf(file: string): Promise<string> {
  const { stdout } = await execute(file, ['env', 'GOVERSION'], {
    timeout: 10_000,
    env: { ...process.env, GOTOOLCHAIN: 'local' },
  }).catch(() => ({ stdout: '' }))
  return /\d+\.\d+/.exec(stdout)?.[0] ?? '0.0'
}

function notOlder(version: string): boolean {
  return version.localeCompare(leastGo, 'en', { numeric: true }) >= 0
}

async function isExecutable(file: string): Promise<boolean> {
  return await access(file, constants.X_OK).then(
    () => true,
    () => false,
  )
}
