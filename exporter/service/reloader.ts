import { stringify } from 'yaml'
import type { Clock } from '../core/clock.ts'
import { messageOf } from '../core/errors.ts'
import { ConfigError, type LoadedConfig } from './config/load.ts'
import { redact } from './config/redact.ts'
import type { ConfigSource, Reading } from './config/source.ts'
import type { Logger } from './log.ts'
import type { SelfMetrics } from './self-metrics.ts'
import type { Service } from './service.ts'

export interface ReloaderDeps {
  readonly source: ConfigSource
  readonly service: Pick<Service, 'apply'>
  readonly log: Logger
  readonly self: Pick<SelfMetrics, 'configLoaded'>
  readonly clock: Clock
}

/** Brings a config into force, one at a time, with one more waiting at most. A bad one changes nothing and is told. */
export class Reloader {
  readonly #deps: ReloaderDeps
  #inForce: LoadedConfig | undefined
  /** Made once: of a large config it takes longer than each client may hold the event loop. */
  #effectiveConfig: string | undefined
  #last: Promise<unknown> = Promise.resolve()
  /** Asked for and not begun. */
  #next: { reading: Reading | undefined; readonly done: Promise<string | undefined> } | undefined

  constructor(deps: ReloaderDeps) {
    this.#deps = deps
  }

  async applyFirst(loaded: LoadedConfig): Promise<void> {
    const mine = this.#apply(loaded)
    this.#last = mine
    await mine
  }

  /** What is wrong with the file, or undefined once it is in force. `reading`: its content, where it was read just now. */
  async reload(reading?: Reading): Promise<string | undefined> {
    if (this.#next === undefined) {
      const done = this.#last
        .catch(() => undefined)
        .then(() => {
          const begun = this.#next?.reading
          this.#next = undefined
          return this.#reload(begun)
        })
      this.#next = { reading, done }
      this.#last = done
    } else {
      // One for all who ask meanwhile, or clients could line up hours of reloads; it reads what the file holds then.
      this.#next.reading = undefined
    }
    return await this.#next.done
  }

  /** YAML with the defaults filled in and secrets hidden. */
  effectiveConfig(): string {
    if (this.#inForce === undefined) return ''
    this.#effectiveConfig ??= stringify(redact(this.#inForce.file))
    return this.#effectiveConfig
  }

  async #reload(reading?: Reading): Promise<string | undefined> {
    const { source, log, self, clock } = this.#deps
    try {
      await this.#apply(await source.load(reading))
      log.info({ config: source.path ?? null }, 'config reloaded')
      return undefined
    } catch (error) {
      self.configLoaded(false, clock.now())
      const faults = error instanceof ConfigError ? error.faults : [messageOf(error)]
      log.error(
        { config: source.path ?? null, errors: faults },
        'config reload failed; the previous config stays in force',
      )
      return faults.join('\n')
    }
  }

  async #apply(loaded: LoadedConfig): Promise<void> {
    await this.#deps.service.apply(loaded.config)
    this.#inForce = loaded
    this.#effectiveConfig = undefined
    this.#deps.self.configLoaded(true, this.#deps.clock.now())
  }
}
