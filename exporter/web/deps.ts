import type { MetricStore } from '../metrics/store.ts'
import type { Service } from '../service/service.ts'

export interface WebDeps {
  readonly version: string
  readonly startedAtMs: number
  readonly metrics: MetricStore
  readonly service: Service
  /** The config in force as YAML, with defaults, without secrets: the same text until another comes into force. */
  effectiveConfig(): string
  /** Reads the config file again. What is wrong with it, or undefined once it is in force. */
  reload(): Promise<string | undefined>
}
