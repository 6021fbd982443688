import { type DestinationStream, type Logger, pino } from 'pino'

export const logLevels = ['debug', 'info', 'warn', 'error'] as const
export type LogLevel = (typeof logLevels)[number]
export const logFormats = ['json', 'logfmt'] as const
export type LogFormat = (typeof logFormats)[number]

export type { Logger }

/** A logger to standard error: standard output belongs to the commands that print. Times are RFC 3339, UTC. */
export function createLogger(level: LogLevel, format: LogFormat, destination?: DestinationStream): Logger {
  const out = destination ?? pino.destination({ dest: 2, sync: true })
  const options = {
    level,
    base: null,
    timestamp: () => `,"ts":"${new Date().toISOString()}"`,
    formatters: { level: (label: string) => ({ level: label }) },
  }
  if (format === 'json') return pino(options, out)
  return pino(options, { write: (line: string) => out.write(toLogfmt(JSON.parse(line))) })
}

/** One line of logfmt: ts and level first, as the exporters of Prometheus write it. */
export function toLogfmt({ ts, level, msg, ...fields }: Record<string, unknown>): string {
  const pairs = Object.entries({ ts, level, msg, ...fields }).filter(([, value]) => value !== undefined)
  return `${pairs.map(([key, value]) => `${key}=${quote(value)}`).join(' ')}\n`
}

function quote(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  return /^[^\s"=]+$/.test(text) ? text : JSON.stringify(text)
}
