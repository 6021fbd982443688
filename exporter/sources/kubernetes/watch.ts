/**
 * One watch: from a resourceVersion until the server ends it, which it is asked to do after seconds. So a silent
 * connection proves itself alive again and again, and one that is black-holed is left.
 */
import type { IncomingMessage } from 'node:http'
import { isObject } from '../../core/json.ts'
import { AnswerError, failureOfAnswer, parseObject } from './body.ts'
import type { Bounds } from './bounds.ts'
import type { KubernetesClient } from './client.ts'
import { type Asked, DeadlineError, failureOfStatus, type KubernetesFailure } from './failures.ts'
import { LineSplitter } from './lines.ts'
import type { Resource } from './list.ts'

export type EventType = 'added' | 'modified' | 'deleted'

export interface WatchSink<T> {
  event(type: EventType, item: T): void
  /**
   * Everything up to here is seen: a later watch starts here. Undefined where the server does not say, so that what was
   * seen since the last position would be told again.
   */
  position(resourceVersion: string | undefined): void
  /** The server granted the watch, or sent something. */
  alive(): void
}

export type WatchEnd =
  /** As asked. Nothing is wrong. */
  | { readonly kind: 'ended' }
  /** The history we need is compacted: list anew. */
  | { readonly kind: 'gone' }
  /** Nothing came for too long: a black hole, or a server that is quiet and does not end watches. */
  | { readonly kind: 'silent' }
  /** `relist`: what was sent cannot be trusted from here on. */
  | { readonly kind: 'failed'; readonly failure: KubernetesFailure; readonly relist: boolean }

const eventTypes: Readonly<Record<string, EventType>> = { ADDED: 'added', MODIFIED: 'modified', DELETED: 'deleted' }

/** `resourceVersion`: empty where the list had none; then the server begins with all that it has. */
export async function watchOnce<T>(
  client: KubernetesClient,
  resource: Resource<T>,
  resourceVersion: string,
  sink: WatchSink<T>,
  bounds: Bounds,
  signal: AbortSignal,
): Promise<WatchEnd> {
  const query = new URLSearchParams({
    watch: '1',
    allowWatchBookmarks: 'true',
    timeoutSeconds: String(bounds.watchSeconds),
  })
  if (resourceVersion !== '') query.set('resourceVersion', resourceVersion)
  const path = `${resource.path}?${query}`
  // Some servers and proxies hold the headers back until the first event: silence, then, and not yet a failure.
  const headersMs = silenceMs(bounds)
  const reply = await client.ask({ verb: 'watch', plural: resource.plural, path, headersMs, signal })
  if (!reply.ok) {
    if (reply.failure.status === 410) return { kind: 'gone' }
    return endOfFailure(reply.failure, false)
  }
  sink.alive()
  const asked = { verb: 'watch', plural: resource.plural, server: client.server } as const
  try {
    return await readEvents(reply.snapshot, resource, sink, bounds, asked)
  } catch (error) {
    return endOfFailure(failureOfAnswer(asked, error), error instanceof AnswerError)
  }
}

function endOfFailure(failure: KubernetesFailure, relist: boolean): WatchEnd {
  const unanswered = failure.reason === 'timeout' && failure.status === undefined
  return unanswered ? { kind: 'silent' } : { kind: 'failed', failure, relist }
}

function silenceMs({ watchSeconds, watchGraceMs }: Bounds): number {
  return watchSeconds * 1000 + watchGraceMs
}

async function readEvents<T>(
  response: IncomingMessage,
  resource: Resource<T>,
  sink: WatchSink<T>,
  bounds: Bounds,
  asked: Asked,
): Promise<WatchEnd> {
  const lines = new LineSplitter(bounds.lineBytes)
  const limitMs = silenceMs(bounds)
  const idle = setTimeout(() => response.destroy(new DeadlineError(`silent for ${limitMs} ms`)), limitMs)
  try {
    for await (const chunk of response) {
      idle.refresh()
      sink.alive()
      for (const line of complete(lines, chunk as Buffer)) {
        const end = takeEvent(line, resource, sink, asked)
        if (end !== undefined) return end
      }
    }
    return { kind: 'ended' }
  } finally {
    clearTimeout(idle)
  }
}

function* complete(lines: LineSplitter, chunk: Buffer): Generator<string> {
  try {
    yield* lines.push(chunk)
  } catch (error) {
    throw error instanceof RangeError ? new AnswerError('limit', error.message) : error
  }
}

function takeEvent<T>(line: string, resource: Resource<T>, sink: WatchSink<T>, asked: Asked): WatchEnd | undefined {
  const { type, object } = parseObject(line)
  if (type === 'ERROR') return endOfError(object, asked)
  const version = isObject(object) && isObject(object.metadata) ? object.metadata.resourceVersion : undefined
  const kind = typeof type === 'string' ? eventTypes[type] : undefined
  if (kind !== undefined) {
    const item = resource.prune(object)
    if (item === undefined) throw new AnswerError('malformed', `an event is not about one of ${resource.plural}`)
    sink.event(kind, item)
  } else if (type !== 'BOOKMARK') {
    throw new AnswerError('malformed', 'an event has an unknown type')
  }
  sink.position(typeof version === 'string' && version !== '' ? version : undefined)
  return undefined
}

/** https://kubernetes.io/docs/reference/using-api/api-concepts/#410-gone-responses: it may come as an event. */
function endOfError(status: unknown, asked: Asked): WatchEnd {
  const code = isObject(status) && typeof status.code === 'number' ? status.code : 500
  if (code === 410) return { kind: 'gone' }
  return {
    kind: 'failed',
    failure: failureOfStatus(asked, code, JSON.stringify(status) ?? '', undefined),
    relist: true,
  }
}
