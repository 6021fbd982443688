/**
 * The web config in force. Each look compares the files with those it was read from, so that new users, headers and
 * certificates count from the next request or handshake on.
 *
 * A bad file changes nothing and is told, as with the main config: the last good one never opens what was closed, and a
 * slip in a file must not blind those who are paged by this exporter.
 */
import { isDeepStrictEqual } from 'node:util'
import type { Clock } from '../../core/clock.ts'
import type { Logger } from '../../service/log.ts'
import { droppedBy } from './client-policy.ts'
import { readWebConfig } from './load.ts'
import { digestOf, signatureOf } from './small-file.ts'
import type { WebConfig } from './web-config.ts'

/** Two writes within a tick of the file system's clock bear one time; a file that young is read again. */
const unsettledMs = 100
/** Of those that are logged. */
const maxFaults = 20
const maxFaultLength = 1_000

export interface InForceOptions {
  readonly path: string
  readonly clock: Clock
  readonly log: Logger
  /** Told after each read whether the file is in force. */
  onRead?(ok: boolean): void
}

export class WebConfigInForce {
  readonly #options: InForceOptions
  #config: WebConfig
  #files: readonly string[]
  #signature = ''
  #digest = ''
  #settled = false
  #told = ''

  /** `first` was just read from the path. */
  constructor(options: InForceOptions, first: WebConfig) {
    this.#options = options
    this.#config = first
    this.#files = [options.path]
    this.current()
  }

  current(): WebConfig {
    // The marks are older than what is read, so that a write in between is seen at the next look.
    const { text, newestMs } = signatureOf(this.#files)
    if (this.#settled && text === this.#signature) return this.#config
    this.#signature = text
    this.#settled = Math.abs(this.#options.clock.now() - newestMs) > unsettledMs
    const digest = digestOf(this.#files)
    if (digest === this.#digest) return this.#config
    this.#digest = digest
    this.#read()
    return this.#config
  }

  /** true where the file holds a config that cannot be in force. */
  refused(): boolean {
    this.current()
    return this.#told !== ''
  }

  #read(): void {
    const { files, result } = readWebConfig(this.#options.path)
    if (!isDeepStrictEqual(files, this.#files)) {
      // Files that were not looked at before have no mark yet: the next look reads once more.
      this.#files = files
      this.#settled = false
      this.#digest = ''
    }
    this.#take(result.ok ? this.#unfit(result.config) : result.faults, result.ok ? result.config : undefined)
  }

  #take(faults: readonly string[], config: WebConfig | undefined): void {
    const { log, path, onRead } = this.#options
    onRead?.(faults.length === 0)
    if (faults.length === 0 && config !== undefined) {
      if (this.#told !== '' || !isDeepStrictEqual(config, this.#config)) {
        log.info({ web_config: path }, 'web config reloaded')
        this.#tellFixed(config)
      }
      // What stayed the same keeps its identity, so that the TLS server is only made anew where it would differ.
      const tls = isDeepStrictEqual(config.tls, this.#config.tls) ? this.#config.tls : config.tls
      this.#config = { ...config, tls }
    } else if (faults.join('\n') !== this.#told) {
      log.error(
        { web_config: path, errors: someOf(faults) },
        'web config reload failed; the previous config stays in force',
      )
    }
    this.#told = faults.join('\n')
  }

  /** A file that was cut short while it was written must not open the server. */
  #unfit(config: WebConfig): string[] {
    const { path } = this.#options
    const faults: string[] = []
    if ((config.tls === undefined) !== (this.#config.tls === undefined)) {
      const what = config.tls === undefined ? 'off' : 'on'
      faults.push(`${path}:1:1: tls_server_config: turning TLS ${what} needs a restart`)
    }
    const dropped = this.#config.tls && config.tls && droppedBy(this.#config.tls.clients, config.tls.clients)
    if (dropped === 'client_auth_type') {
      const how = 'write NoClientCert where no client needs a certificate any more'
      faults.push(`${path}:1:1: tls_server_config.client_auth_type: cannot be left out once it is in force: ${how}`)
    }
    if (dropped === 'client_allowed_sans') {
      faults.push(`${path}:1:1: tls_server_config.client_allowed_sans: taking it away needs a restart`)
    }
    if (this.#config.tls?.minVersion === 'TLSv1.3' && config.tls?.minStated === false) {
      const how = 'write TLS12 where that is spoken again'
      faults.push(`${path}:1:1: tls_server_config.min_version: cannot be left out once TLS13 is in force: ${how}`)
    }
    if (config.users === undefined && this.#config.users !== undefined) {
      faults.push(`${path}:1:1: basic_auth_users: taking away all users needs a restart`)
    }
    return faults
  }

  #tellFixed(config: WebConfig): void {
    const { log, path } = this.#options
    for (const key of ['http2', 'rateLimit'] as const) {
      if (isDeepStrictEqual(config[key], this.#config[key])) continue
      const named = key === 'http2' ? 'http_server_config.http2' : 'rate_limit'
      log.warn({ web_config: path, key: named }, 'change of the web config needs a restart')
    }
  }
}

/** What a file of nonsense makes is no reason to fill the log: `check-config` tells all. */
function someOf(faults: readonly string[]): string[] {
  const shown = faults
    .slice(0, maxFaults)
    .map((fault) => (fault.length > maxFaultLength ? `${fault.slice(0, maxFaultLength)}…` : fault))
  return faults.length > maxFaults ? [...shown, `and ${faults.length - maxFaults} more`] : shown
}
