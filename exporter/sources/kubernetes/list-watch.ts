/**
 * Keeps a copy of a collection up to date: list, then watch on from there, for ever. Never an informer and never an
 * unpaged list: both need all objects at once and fail at 50,000 nodes.
 */
import type { Clock } from '../../core/clock.ts'
import type { Bounds } from './bounds.ts'
import type { KubernetesClient } from './client.ts'
import type { KubernetesFailure } from './failures.ts'
import { listOnce, type Resource } from './list.ts'
import { type EventType, watchOnce } from './watch.ts'

export interface ListWatchSink<T> {
  /** A list begins. It may fail and begin again; its pages are true all the same. */
  listing(): void
  page(items: readonly T[]): void
  /**
   * The list is whole: what it did not hold is gone. `following`: false where the watch before it failed, so that nobody
   * knows yet whether changes will be seen.
   */
  listed(durationMs: number, following: boolean): void
  event(type: EventType, item: T): void
  /** The watch proved alive. */
  alive(): void
  failed(failure: KubernetesFailure): void
}

export interface ListWatchOptions {
  readonly clock: Clock
  readonly bounds: Bounds
  /** 0 to 1, for the jitter. */
  readonly random: () => number
}

/** Of watches that the server refuses in a row, every so often one is followed by a list. */
const refusalsPerList = 5
/**
 * An API server tells where it stands in each watch, by a bookmark before the end. So many in a row that end without a
 * word began at a version that is yet to come, as after a restore of etcd: they would be silent until it has come.
 */
const wordlessWatches = 2
/** A watch that ends well within this time and without a word did not work. */
const shortestWatchMs = 1_000
const credentialsAgeMs = 60_000

/** `granted`: the server answers. `event`: it sends something that can be understood, or ends the watch as asked. */
type Proof = 'granted' | 'event'

export async function listWatch<T>(
  client: KubernetesClient,
  resource: Resource<T>,
  sink: ListWatchSink<T>,
  options: ListWatchOptions,
  signal: AbortSignal,
): Promise<void> {
  const loop = new ListWatchLoop(client, resource, sink, options, signal)
  while (!signal.aborted) await loop.turn()
  client.dialAnew()
}

class ListWatchLoop<T> {
  readonly #client: KubernetesClient
  readonly #resource: Resource<T>
  readonly #sink: ListWatchSink<T>
  readonly #options: ListWatchOptions
  readonly #signal: AbortSignal
  /** Where the next watch starts; undefined: list first; empty: where the server pleases. */
  #version: string | undefined
  /** The last watch fell silent. */
  #doubtful = false
  /** What a watch has to do after one that failed, before it counts as working. */
  #owed: Proof | undefined
  /** Turns in a row without a watch that worked. */
  #troubles = 0
  /** Watches in a row that ended as asked and told nothing. */
  #wordless = 0
  #credentialsReadAt: number

  constructor(
    client: KubernetesClient,
    resource: Resource<T>,
    sink: ListWatchSink<T>,
    options: ListWatchOptions,
    signal: AbortSignal,
  ) {
    this.#client = client
    this.#resource = resource
    this.#sink = sink
    this.#options = options
    this.#signal = signal
    this.#credentialsReadAt = options.clock.monotonic()
  }

  async turn(): Promise<void> {
    if (this.#version === undefined) await this.#list()
    else await this.#watch(this.#version)
  }

  async #list(): Promise<void> {
    const { clock, bounds } = this.#options
    const startedAt = clock.monotonic()
    this.#sink.listing()
    const onPage = (items: readonly T[]) => this.#sink.page(items)
    const used = this.#doubtful ? { ...bounds, pageIdleMs: bounds.doubtfulIdleMs } : bounds
    const end = await listOnce(this.#client, this.#resource, onPage, used, this.#signal)
    if (this.#signal.aborted) return
    this.#doubtful = false
    if (end.kind === 'listed') {
      this.#version = end.resourceVersion
      this.#sink.listed(clock.monotonic() - startedAt, this.#owed === undefined)
    } else if (end.kind === 'gone') {
      await this.#gone(end.failure)
    } else {
      await this.#failed(end.failure)
    }
  }

  async #watch(version: string): Promise<void> {
    const { clock, bounds } = this.#options
    const startedAt = clock.monotonic()
    let granted = false
    let heard = false
    let resumable = version !== ''
    const sink = {
      event: (type: EventType, item: T) => this.#sink.event(type, item),
      position: (resourceVersion: string | undefined) => {
        heard = true
        resumable = resourceVersion !== undefined && !isBefore(resourceVersion, version)
        this.#version = resourceVersion ?? this.#version
        this.#prove('event')
      },
      alive: () => {
        granted = true
        this.#prove('granted')
      },
    }
    const end = await watchOnce(this.#client, this.#resource, version, sink, bounds, this.#signal)
    if (this.#signal.aborted) return
    const lived = clock.monotonic() - startedAt >= Math.min(shortestWatchMs, bounds.watchSeconds * 500)
    this.#wordless = heard || end.kind !== 'ended' ? 0 : this.#wordless + 1
    if (!resumable || this.#wordless >= wordlessWatches) {
      this.#version = undefined
      this.#wordless = 0
    }
    if (end.kind === 'ended' && (heard || lived)) this.#ended()
    else if (end.kind === 'ended') await this.#pause(undefined)
    else if (end.kind === 'gone') await this.#gone(undefined)
    else if (end.kind === 'silent') this.#silent()
    else {
      if (heard && lived) this.#troubles = 0
      if (end.relist || this.#refused(end.failure)) this.#version = undefined
      this.#owed = end.relist || (granted && !lived) ? 'event' : 'granted'
      await this.#failed(end.failure)
    }
  }

  #prove(proof: Proof): void {
    if (this.#owed === 'event' && proof === 'granted') return
    this.#owed = undefined
    this.#sink.alive()
  }

  /**
   * Leaves the connection, and lists over a fresh one, dialled through fresh DNS. Where that works nothing was wrong: an
   * API server ends each watch in time, so it was a black hole, or a server that keeps watches open and may have
   * forgotten this one. The next watch would not tell what happened meanwhile where a server keeps no history.
   */
  #silent(): void {
    this.#client.dialAnew()
    this.#version = undefined
    this.#doubtful = true
  }

  #ended(): void {
    this.#troubles = 0
    this.#prove('event')
    if (this.#client.connectionAgeMs > this.#options.bounds.connectionAgeMs) this.#client.dialAnew()
  }

  /**
   * A version that the server no longer knows, as after a restore of etcd, is refused for ever. Where all watches are,
   * the lists are all that is known.
   */
  #refused(failure: KubernetesFailure): boolean {
    return failure.status !== undefined && failure.status !== 429 && (this.#troubles + 1) % refusalsPerList === 0
  }

  /** History compacted: the first time that is nobody's fault, and the list starts at once. */
  async #gone(failure: KubernetesFailure | undefined): Promise<void> {
    this.#version = undefined
    if (this.#troubles > 0 && failure !== undefined) this.#sink.failed(failure)
    if (this.#troubles > 0) await this.#pause(failure)
    else this.#troubles = 1
  }

  async #failed(failure: KubernetesFailure): Promise<void> {
    this.#sink.failed(failure)
    this.#client.dialAnew()
    this.#refreshCredentials(failure)
    await this.#pause(failure)
  }

  /** The kubeconfig may have been rewritten for another server or another CA. */
  #refreshCredentials(failure: KubernetesFailure): void {
    const now = this.#options.clock.monotonic()
    if (failure.reason !== 'tls' && now - this.#credentialsReadAt < credentialsAgeMs) return
    this.#credentialsReadAt = now
    this.#client.refreshCredentials()
  }

  async #pause(failure: KubernetesFailure | undefined): Promise<void> {
    this.#troubles += 1
    await this.#options.clock.sleep(retryDelay(this.#troubles, failure, this.#options), this.#signal)
  }
}

/**
 * What a watch from `start` tells is later than that, or history has gone back. Versions are decimal numbers
 * (https://kubernetes.io/docs/reference/using-api/api-concepts/#resource-versions); of others nothing is known.
 */
function isBefore(version: string, start: string): boolean {
  const decimal = /^\d+$/
  return decimal.test(version) && decimal.test(start) && BigInt(version) < BigInt(start)
}

/** Doubling from the first, with half of it by chance, so that many exporters do not come back at one moment. */
export function retryDelay(
  attempt: number,
  failure: KubernetesFailure | undefined,
  { bounds, random }: Pick<ListWatchOptions, 'bounds' | 'random'>,
): number {
  const full = Math.min(bounds.backoffMaxMs, bounds.backoffFirstMs * 2 ** Math.min(attempt - 1, 16))
  const asked = Math.min(failure?.retryAfterMs ?? 0, bounds.retryAfterMaxMs)
  return Math.max(asked, full * (0.5 + random() / 2))
}
