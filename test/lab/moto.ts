import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { withLock } from '../tools/lock.ts'
import { type Daemon, startDaemon } from './daemon.ts'

const execute = promisify(execFile)

/** moto, an emulator of AWS APIs, https://docs.getmoto.org. Flask is what its server mode needs beside itself. */
const packages = ['moto==5.2.5', 'flask==3.1.3', 'flask-cors==6.0.5']

/** A moto server on loopback, with an empty account. */
export class Moto {
  readonly endpoint: string
  readonly #daemon: Daemon

  private constructor(endpoint: string, daemon: Daemon) {
    this.endpoint = endpoint
    this.#daemon = daemon
  }

  /** Installs moto into `.cache/` of the checkout where it is not. Never skips: without Python or an index it throws. */
  static async start(): Promise<Moto> {
    const folder = await installed(resolve(import.meta.dirname, '../../.cache/python'))
    const daemon = await startDaemon({
      command: 'python3',
      args: ['-m', 'moto.server', '-H', '127.0.0.1', '-p', '0'],
      env: { PYTHONPATH: folder, PYTHONUNBUFFERED: '1', MOTO_ACCOUNT_ID: '111122223333' },
      ready: async (started) => endpointIn(started) !== undefined,
      readyMs: 30_000,
    })
    return new Moto(endpointIn(daemon) ?? '', daemon)
  }

  async close(): Promise<void> {
    await this.#daemon.stop()
  }
}

function endpointIn(daemon: Daemon): string | undefined {
  return /Running on (http:\/\/127\.0\.0\.1:\d+)/.exec(daemon.output())?.[1]
}

async function installed(home: string): Promise<string> {
  const { stdout: python } = await execute('python3', [
    '-c',
    'import sys; print("%d.%d" % sys.version_info[:2])',
  ]).catch((cause: unknown) => {
    throw new Error('This test needs python3 with pip on PATH; it is not skipped without them.', { cause })
  })
  const folder = join(home, `${packages[0]}-python${python.trim()}`)
  const there = async () => (await readdir(folder).catch(() => [])).length > 0
  if (await there()) return folder
  await mkdir(home, { recursive: true })
  await withLock(join(home, 'lock'), 300_000, async () => {
    if (!(await there())) await install(home, folder)
  })
  return folder
}

async function install(home: string, folder: string): Promise<void> {
  const work = await mkdtemp(join(home, 'install-'))
  try {
    const quiet = ['--quiet', '--disable-pip-version-check', '--no-warn-script-location', '--root-user-action=ignore']
    await execute('python3', ['-m', 'pip', 'install', ...quiet, '--target', work, ...packages], { timeout: 240_000 })
    await rename(work, folder) // whole or not at all
  } catch (cause) {
    const said = cause instanceof Error ? cause.message.trim().split('\n').slice(0, 3).join(' ') : String(cause)
    throw new Error(
      `pip could not install ${packages.join(', ')} (${said}). Install pip, or give it an index to reach.`,
      {
        cause,
      },
    )
  } finally {
    await rm(work, { recursive: true, force: true })
  }
}
