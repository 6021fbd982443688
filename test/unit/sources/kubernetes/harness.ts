/** A list-watch on a lab API server, with all that it said, and waits that end with what was waited for. */
import assert from 'node:assert/strict'
import { systemClock } from '../../../../exporter/service/clock.ts'
import type { FindAddresses } from '../../../../exporter/sources/dns/host-addresses.ts'
import { type Bounds, defaultBounds } from '../../../../exporter/sources/kubernetes/bounds.ts'
import { KubernetesClient } from '../../../../exporter/sources/kubernetes/client.ts'
import type { Credentials, Target } from '../../../../exporter/sources/kubernetes/credentials.ts'
import type { KubernetesFailure } from '../../../../exporter/sources/kubernetes/failures.ts'
import type { Resource } from '../../../../exporter/sources/kubernetes/list.ts'
import { type ListWatchSink, listWatch } from '../../../../exporter/sources/kubernetes/list-watch.ts'
import type { EventType } from '../../../../exporter/sources/kubernetes/watch.ts'

/** Client and server share a process: only a test about silence may take a moment without CPU for it. */
export const testBounds: Bounds = {
  ...defaultBounds,
  connectMs: 5_000,
  addressMs: 5_000,
  doubtfulIdleMs: 5_000,
  pageIdleMs: 5_000,
  pageTotalMs: 20_000,
  pageItems: 2,
  watchSeconds: 0.3,
  watchGraceMs: 5_000,
  lineBytes: 100_000,
  backoffFirstMs: 10,
  backoffMaxMs: 50,
  retryAfterMaxMs: 300,
}

/** For tests about silence. */
export const impatience = {
  connectMs: 1_000,
  doubtfulIdleMs: 1_000,
  pageIdleMs: 1_000,
  watchGraceMs: 1_000,
} as const satisfies Partial<Bounds>

export function fixedCredentials(server: string, headers: Readonly<Record<string, string>> = {}): Credentials {
  const target: Target = { server: new URL(server), tls: {}, headers }
  return { target: async () => target, refresh: () => undefined }
}

export interface Item {
  readonly name: string
  readonly version: string
}

export const names: Resource<Item> = {
  path: '/api/v1/nodes',
  plural: 'nodes',
  prune(object) {
    const { metadata } = object as { metadata?: { name?: string; resourceVersion?: string } }
    const { name, resourceVersion: version = '' } = metadata ?? {}
    return name === undefined ? undefined : { name, version }
  },
}

export class RecordingSink implements ListWatchSink<Item> {
  readonly pages: (readonly Item[])[] = []
  readonly events: { type: EventType; name: string }[] = []
  readonly failures: KubernetesFailure[] = []
  /** Of each list, whether the watch counted as working. */
  readonly following: boolean[] = []
  lives = 0

  listing(): void {
    this.pages.length = 0
  }

  page(items: readonly Item[]): void {
    this.pages.push(items)
  }

  listed(_durationMs: number, following: boolean): void {
    this.following.push(following)
  }

  get lists(): number {
    return this.following.length
  }

  event(type: EventType, { name }: Item): void {
    this.events.push({ type, name })
  }

  alive(): void {
    this.lives += 1
  }

  failed(failure: KubernetesFailure): void {
    this.failures.push(failure)
  }

  get reasons(): string[] {
    return this.failures.map(({ reason }) => reason)
  }
}

export interface Following extends AsyncDisposable {
  readonly sink: RecordingSink
  readonly client: KubernetesClient
}

export function follow(
  credentials: Credentials,
  options: { bounds?: Partial<Bounds>; addressesOf?: FindAddresses } = {},
): Following {
  const bounds = { ...testBounds, ...options.bounds }
  const client = new KubernetesClient({
    credentials,
    clock: systemClock,
    bounds,
    addressesOf: options.addressesOf ?? (async (hostname) => assert.fail(`${hostname} is not to be looked up`)),
  })
  const sink = new RecordingSink()
  const abort = new AbortController()
  const done = listWatch(client, names, sink, { clock: systemClock, bounds, random: () => 0.5 }, abort.signal)
  return {
    sink,
    client,
    async [Symbol.asyncDispose]() {
      abort.abort()
      await done
    },
  }
}
