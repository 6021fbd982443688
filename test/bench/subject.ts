/** The exporter under test: compiled as the image ships it, since stripping types costs memory that users do not pay. */
import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { Exporter } from '../e2e/exporter.ts'
import { monitorFlags } from './measured.ts'

export const checkout = resolve(import.meta.dirname, '../..')

export interface StartOptions {
  /** With the monitor of the event loop in it, which takes a little CPU itself. */
  readonly monitored: boolean
  /** Beside the variables of the image. */
  readonly env?: Readonly<Record<string, string>>
}

export class Subject {
  readonly #main: string
  readonly #flags: readonly string[]
  readonly #env: Readonly<Record<string, string>>
  readonly #started = new Set<Exporter>()

  private constructor(main: string, { flags, env }: ImageSettings) {
    this.#main = main
    this.#flags = flags
    this.#env = env
    // A part that is cut off leaves none behind.
    process.once('exit', () => {
      for (const exporter of this.#started) exporter.signal('SIGKILL')
    })
  }

  /**
   * Compiles the sources of a checkout, this one unless another is given, into `.cache/bench/<name>`. Throws with the
   * compiler's words where they do not compile.
   */
  static async build(name = 'dist', sources = checkout): Promise<Subject> {
    const tsc = join(checkout, 'node_modules/.bin/tsc')
    const output = join(checkout, '.cache/bench', name)
    await promisify(execFile)(tsc, ['-p', join(sources, 'tsconfig.build.json'), '--outDir', output], { cwd: sources })
    return new Subject(join(output, 'exporter/main.js'), await imageSettings(sources))
  }

  async start(config: unknown, { monitored, env }: StartOptions): Promise<Exporter> {
    const nodeFlags = [...this.#flags, ...(monitored ? monitorFlags : [])]
    const exporter = await Exporter.start({ config, main: this.#main, nodeFlags, env: { ...this.#env, ...env } })
    this.#started.add(exporter)
    return exporter
  }
}

export interface ImageSettings {
  /** what stands between node and the program */
  readonly flags: readonly string[]
  readonly env: Readonly<Record<string, string>>
}

/** How the image starts Node, by its Dockerfile. */
export async function imageSettings(sources = checkout): Promise<ImageSettings> {
  const dockerfile = (await readFile(join(sources, 'Dockerfile'), 'utf8')).replaceAll('\\\n', ' ')
  const words: unknown = JSON.parse(/^ENTRYPOINT (\[.*\])$/m.exec(dockerfile)?.[1] ?? '[]')
  const pairs = [...dockerfile.matchAll(/^ENV (.*)$/gm)].flatMap(([, text = '']) => text.trim().split(/\s+/))
  return {
    flags: Array.isArray(words) ? words.slice(1, -1).map(String) : [],
    env: Object.fromEntries(pairs.map((pair) => pair.split('=', 2))),
  }
}
