/** Runs the exporter from its flags to its end by signal. */
import type { FastifyInstance } from 'fastify'
import { parseDuration } from '../core/duration.ts'
import { messageOf } from '../core/errors.ts'
import { createMetricStore } from '../metrics/store.ts'
import { autoReload } from '../service/auto-reload.ts'
import { systemClock } from '../service/clock.ts'
import { ConfigError } from '../service/config/load.ts'
import { ConfigSource } from '../service/config/source.ts'
import { createLogger, type LogFormat, type Logger, type LogLevel } from '../service/log.ts'
import { serviceMetrics } from '../service/metrics.ts'
import { Reloader } from '../service/reloader.ts'
import { cronTimers } from '../service/schedule.ts'
import { SelfMetrics } from '../service/self-metrics.ts'
import { Service } from '../service/service.ts'
import { returnStartupMemory } from '../service/startup-memory.ts'
import { StateFile } from '../service/state-file.ts'
import { signals } from '../signals/index.ts'
import { createDnsClient } from '../sources/dns/create-client.ts'
import { version } from '../version.ts'
import { WebConfigInForce } from '../web/config/in-force.ts'
import { checkWebConfig } from '../web/config/load.ts'
import { Front } from '../web/front.ts'
import { InFlight } from '../web/in-flight.ts'
import { type ListenAddress, parseListenAddress } from '../web/listen-address.ts'
import { createServer, listen } from '../web/server.ts'

/** Named as commander names them: a dash makes the next letter a capital. */
export interface ServeFlags {
  readonly 'config.file'?: string
  readonly 'config.enableAutoReload'?: boolean
  readonly 'config.autoReloadInterval': string
  /** Absent: port 9903 of all addresses. */
  readonly 'web.listenAddress'?: readonly string[]
  readonly 'web.config.file'?: string
  readonly 'web.maxRequests': string
  readonly 'storage.path'?: string
  readonly 'log.level': LogLevel
  readonly 'log.format': LogFormat
}

/** A stop that takes longer is cut off. */
const stopLimitMs = 4_500
const drainLimitMs = 1_000
/** As with Prometheus. */
const shortestReloadMs = 1_000

/** The exit code: 0 after SIGTERM or SIGINT, 1 where it could not start. */
export async function serve(flags: ServeFlags): Promise<number> {
  const log = createLogger(flags['log.level'], flags['log.format'])
  const addresses: ListenAddress[] = []
  for (const value of flags['web.listenAddress'] ?? [':9903']) {
    const address = parseListenAddress(value)
    if (address === undefined) {
      log.error({ flag: '--web.listen-address', value }, 'flag is not host:port')
      return 1
    }
    addresses.push(address)
  }
  const reloadFault = autoReloadFault(flags)
  if (reloadFault !== undefined) {
    log.error(reloadFault, 'invalid flag')
    return 1
  }
  if (!/^\d{1,6}$/.test(flags['web.maxRequests'])) {
    log.error({ flag: '--web.max-requests', value: flags['web.maxRequests'] }, 'flag is not a number of requests')
    return 1
  }
  const stopped = stopSignal()
  try {
    const ending = new AbortController()
    void stopped.then(() => ending.abort())
    const started = start(flags, log, addresses, ending.signal)
    const first = await Promise.race([started, stopped])
    if (typeof first === 'string') exitAtOnce(first, log)
    const { apps, front, service } = await started
    log.info({ signal: await stopped }, 'stopping')
    return await stop(apps, front, service, log)
  } catch (error) {
    const faults = error instanceof ConfigError ? error.faults : [messageOf(error)]
    for (const fault of faults) log.error({ err: fault }, 'cannot start')
    // What listens already, or was begun, would keep a process alive that watches nothing and looks healthy.
    process.exit(1)
  }
}

function autoReloadFault(flags: ServeFlags): object | undefined {
  if (flags['config.enableAutoReload'] === true && flags['config.file'] === undefined) {
    return { flag: '--config.enable-auto-reload', err: 'there is no file to look at: give --config.file too' }
  }
  const value = flags['config.autoReloadInterval']
  if ((parseDuration(value) ?? 0) >= shortestReloadMs) return undefined
  return { flag: '--config.auto-reload-interval', value, err: 'is not a duration of 1s or longer such as 30s' }
}

function exitAtOnce(signal: NodeJS.Signals, log: Logger): never {
  log.info({ signal }, 'stopped before it had started')
  process.exit(0)
}

async function start(flags: ServeFlags, log: Logger, addresses: readonly ListenAddress[], ending: AbortSignal) {
  const startedAtMs = systemClock.now()
  const metrics = createMetricStore({
    tables: [serviceMetrics, ...signals.map((signal) => signal.metrics)],
    clock: systemClock,
  })
  const self = new SelfMetrics(metrics, version)
  const front = openFront(flags['web.config.file'], log, self)
  const source = new ConfigSource(flags['config.file'])
  const loaded = await source.load()
  const folder = flags['storage.path']
  const state = await StateFile.open(folder, { clock: systemClock, log, onSaved: (ok) => self.stateSaved(ok) })
  if (folder === undefined) log.info({}, 'no --storage.path: change times do not survive a restart')
  const startTimer = cronTimers(log, systemClock)
  const createDns = (resolvConfPath: string) => createDnsClient({ resolvConfPath, clock: systemClock })
  const service = new Service({ clock: systemClock, log, metrics, state, signals, startTimer, createDns })
  const reloader = new Reloader({ source, service, log, self, clock: systemClock })
  const effectiveConfig = () => reloader.effectiveConfig()
  const scrapes = new InFlight(Number(flags['web.maxRequests']))
  const deps = { version, startedAtMs, metrics, service, effectiveConfig, reload: () => reloader.reload() }
  const servers = addresses.map((address) => ({ address, app: createServer(deps, { front, scrapes }) }))
  const urls: string[] = []
  // Listening comes first: a taken port is told before anything is asked of AWS or Kubernetes.
  for (const { address, app } of servers) urls.push(await listen(app, address, front.scheme))
  process.on('SIGHUP', () => void reloader.reload())
  returnStartupMemory()
  await reloader.applyFirst(loaded)
  if (flags['config.enableAutoReload'] === true) {
    const intervalMs = parseDuration(flags['config.autoReloadInterval']) ?? 0
    void autoReload({ source, reloader, clock: systemClock, intervalMs }, ending)
  }
  const config = flags['config.file'] ?? 'current kubeconfig context'
  for (const address of urls) log.info({ address, version, config }, 'listening')
  return { apps: servers.map(({ app }) => app), front, service }
}

/** Throws `ConfigError`. */
function openFront(path: string | undefined, log: Logger, self: SelfMetrics): Front {
  // No name is no file, as with the toolkit.
  if (path === undefined || path === '') return new Front({ clock: systemClock })
  const onRead = (ok: boolean) => self.webConfigRead(ok)
  const inForce = new WebConfigInForce({ path, clock: systemClock, log, onRead }, checkWebConfig(path))
  return new Front({ clock: systemClock, secured: { inForce, log } })
}

/**
 * The listeners stay: the library that replaces the state file ends the process by the signal itself where it finds that
 * nobody else listens, and in the middle of a save it looks after a listener of `once` is gone.
 */
function stopSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => resolve(signal))
  })
}

async function stop(apps: readonly FastifyInstance[], front: Front, service: Service, log: Logger): Promise<number> {
  const limit = setTimeout(() => {
    log.error({ limit_ms: stopLimitMs }, 'stop took too long and is cut off')
    process.exit(1)
  }, stopLimitMs)
  // Scrapes under way may end; a client that has sent half a request is not waited for.
  const drained = setTimeout(() => front.cut(), drainLimitMs)
  await Promise.all([...apps.map((app) => app.close()), service.stop()])
  clearTimeout(drained)
  clearTimeout(limit)
  log.info({}, 'stopped')
  // Sockets of libraries that nobody waits for any more must not hold the process.
  process.exit(0)
}
