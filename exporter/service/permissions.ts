/** Tries, for each cluster and section of a config, each call that the exporter would make. */
import { type Access, allowed, atMost, refused } from '../core/access.ts'
import type { Clock } from '../core/clock.ts'
import type { AccessDeps, Signal } from '../signals/signal.ts'
import type { DnsClient } from '../sources/dns/client.ts'
import type { Config } from './config/config.ts'
import { redactText } from './config/redact.ts'
import { optionsOf } from './service.ts'
import { tryStorage } from './storage-access.ts'

export interface Finding extends Access {
  /** Empty for what belongs to the whole exporter. */
  readonly cluster: string
  readonly section: string
}

export interface PermissionsDeps {
  readonly signals: readonly Signal<never>[]
  readonly dns: DnsClient
  readonly clock: Clock
  readonly signal: AbortSignal
  /** Of `--storage.path`. */
  readonly storage?: string
}

const callsAtOnce = 8

/** In the order of the config. What several signals of a section ask is told once. */
export async function checkPermissions(config: Config, deps: PermissionsDeps): Promise<readonly Finding[]> {
  const { signals, dns, clock, signal, storage } = deps
  const turn = atMost(callsAtOnce)
  const checks = config.clusters.flatMap((cluster) =>
    signals.flatMap((each) => {
      const options = optionsOf(cluster, each)
      if (options === undefined || each.loadAccess === undefined) return []
      return [checkOne({ cluster: cluster.name, options, signal: each }, { clock, dns, signal, turn })]
    }),
  )
  const findings = (await Promise.all(checks)).flat()
  const all = storage === undefined ? findings : [...findings, await checkStorage(storage)]
  const told = new Map(all.map((finding) => [keyOf(finding), finding]))
  return [...told.values()]
}

async function checkOne(
  { cluster, options, signal }: { cluster: string; options: never; signal: Signal<never> },
  deps: AccessDeps,
): Promise<Finding[]> {
  const loaded = await signal.loadAccess?.()
  const access = (await loaded?.checkAccess(options, deps)) ?? []
  const section = signal.section ?? signal.name
  return access.map((each) => ({
    ...each,
    on: redactText(each.on),
    detail: redactText(each.detail),
    cluster,
    section,
  }))
}

async function checkStorage(folder: string): Promise<Finding> {
  const asked = { call: 'write state.json', on: folder }
  const fault = await tryStorage(folder)
  const access = fault === undefined ? allowed(asked) : refused(asked, fault, `the right to write to ${folder}`)
  return { ...access, cluster: '', section: '--storage.path' }
}

function keyOf({ cluster, section, call, on }: Finding): string {
  return JSON.stringify([cluster, section, call, on])
}
