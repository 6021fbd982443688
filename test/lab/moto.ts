import { pythonPackages } from '../tools/python.ts'
import { type Daemon, startDaemon } from './daemon.ts'

/** moto, an emulator of AWS APIs, https://docs.getmoto.org. Flask is what its server mode needs beside itself. */
const packages = ['moto==5.2.5', 'flask==3.1.3', 'flask-cors==6.0.5'] as const
const installLimitMs = 240_000

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
    const folder = await pythonPackages(packages, installLimitMs)
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
