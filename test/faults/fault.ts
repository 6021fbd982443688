/** What a fault is: how it is made, what the exporter must say of it, and what whoever is called does about it. */
import type { FailureReason } from '../../exporter/core/poll.ts'
import type { Metrics } from '../e2e/exporter.ts'
import type { ContractAlert } from '../rules/contract-alerts.ts'
import type { Ground } from './ground.ts'

/** Until a change is seen where nothing else is said: three polls, with time for one that is lost. */
export const usualSeenMs = 8_000

export type CollectorName = 'dns' | 'load_balancers' | 'nodes'

/** What /metrics says of the world that is watched, by a name for each part; empty where the series is not there. */
export type Facts = Readonly<Record<string, string>>

/** The part of a world that one fault is made in: a cluster of the exporter's config, with servers of its own. */
export interface Site {
  /** The cluster's entry in the config, without its name. */
  config(): object
  /** Something happens that users must learn of. */
  change(): void
  facts(metrics: Metrics): Facts
  /** The facts before the change and after it. */
  readonly before: Facts
  readonly after: Facts
  /** Of these facts, those that are no longer told once the source has failed for 2 minutes. */
  readonly withdrawn: Facts
  close(): Promise<void>
}

export interface Expected {
  readonly collector: CollectorName
  /** What elbchurn_collector_errors_total counts. Absent: the fault is none of the collector's, which stays up. */
  readonly reason?: FailureReason
  /** true: the collector may fail now and then with this reason, and need not. */
  readonly sometimes?: boolean
  /** In the log's warning. */
  readonly says?: RegExp
  /** Another series of the exporter that tells of it: the metric without its prefix, and parts of its labels. */
  readonly counts?: readonly [metric: string, ...labels: string[]]
  /** From the beginning until collector_up is 0, at most. */
  readonly toldMs?: number
  /** A change of the world is seen while the fault lasts, or only when it is over: once in either case. */
  readonly change: 'meanwhile' | 'afterwards'
  /** Until a change is seen meanwhile, at most; absent: three polls. */
  readonly seenMs?: number
  /** The collector is down, and yet the values are confirmed by what still works. */
  readonly staysKnown?: boolean
  /** What fires if it lasts. */
  readonly alerts?: readonly ContractAlert[]
  /** From the end of the fault until the collector is up and every fact is true again, at most. */
  readonly recoversMs: number
}

export interface Fault<S extends Site = Site> {
  /** Also the name of its cluster. */
  readonly id: string
  readonly title: string
  /** How the lab makes it. */
  readonly how: string
  readonly open: (ground: Ground, id: string) => Promise<S>
  readonly begin: (site: S) => void | Promise<void>
  readonly end?: (site: S) => void | Promise<void>
  readonly expected: Expected
  /** The fault is itself what users must learn of: nothing else changes meanwhile. */
  readonly isTheChange?: boolean
  /** Where they differ from the site's: what is true while the fault lasts, and when it is over. */
  readonly meanwhile?: Facts
  readonly finally?: Facts
  /** For whoever is called. */
  readonly act: string
}

/** A fault of any kind of site, with the kind hidden. */
export interface AnyFault extends Omit<Fault, 'open' | 'begin' | 'end'> {
  start(ground: Ground): Promise<{ readonly site: Site; begin(): Promise<void>; end(): Promise<void> }>
}

export function anyFault<S extends Site>(fault: Fault<S>): AnyFault {
  const { open, begin, end, ...told } = fault
  return {
    ...told,
    start: async (ground) => {
      const site = await open(ground, fault.id)
      return { site, begin: async () => begin(site), end: async () => end?.(site) }
    },
  }
}

/** A fault of the machine: it hits a whole exporter, so each has one of its own. */
export interface MachineFault {
  readonly id: string
  readonly title: string
  readonly how: string
  readonly sees: string
  readonly act: string
  readonly recoversMs: number
}
