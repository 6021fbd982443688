/** One list in pages. Each item is parsed, pruned and let go while the rest of its page still arrives. */
import type { IncomingMessage } from 'node:http'
import { fields, text } from '../../core/json.ts'
import { AnswerError, failureOfAnswer, parseObject, readBody } from './body.ts'
import type { Bounds } from './bounds.ts'
import type { KubernetesClient } from './client.ts'
import type { KubernetesFailure } from './failures.ts'
import { ItemSplitter } from './items.ts'

/** A kind of object, and what of it is kept. */
export interface Resource<T> {
  /** `/api/v1/nodes` */
  readonly path: string
  /** `nodes` */
  readonly plural: string
  /** true: the server may answer from its cache, whole and at no cost to etcd. For small objects only. */
  readonly cached?: boolean
  /** What the program needs of an object; undefined where it is not one. */
  prune(object: unknown): T | undefined
}

export type ListEnd =
  | {
      readonly kind: 'listed'
      /** Empty where the server keeps none. */
      readonly resourceVersion: string
      readonly serverTime: ServerTime | undefined
    }
  /** The continue token expired while we were reading: start anew. */
  | { readonly kind: 'gone'; readonly failure: KubernetesFailure }
  | { readonly kind: 'failed'; readonly failure: KubernetesFailure }

/** The Date of an answer beside our own time when it came (RFC 9110 6.6.1). Both in ms since the epoch. */
export interface ServerTime {
  /** To the second: what the server's clock showed was up to 1 s more. */
  readonly dateMs: number
  readonly atMs: number
}

/**
 * Asks for the list without a resourceVersion unless the resource is `cached`: with `0` an API server takes it from its
 * cache and ignores `limit`, and 50,000 nodes come in one piece
 * (https://kubernetes.io/docs/reference/using-api/api-concepts/#resource-versions). A server whose cache is not ready
 * still pages then, so `limit` is always asked for.
 */
export async function listOnce<T>(
  client: KubernetesClient,
  resource: Resource<T>,
  onPage: (items: readonly T[]) => void,
  bounds: Bounds,
  signal: AbortSignal,
): Promise<ListEnd> {
  let next = ''
  for (let count = 0; count < bounds.pages; count += 1) {
    const path = `${resource.path}?${listQuery(resource, bounds, next)}`
    const ask = { verb: 'list', plural: resource.plural, path, headersMs: bounds.pageIdleMs, signal } as const
    const reply = await client.ask(ask)
    if (!reply.ok) {
      return { kind: reply.failure.status === 410 && next !== '' ? 'gone' : 'failed', failure: reply.failure }
    }
    const asked = { verb: 'list', plural: resource.plural, server: client.server } as const
    try {
      const page = await readPage(reply.snapshot, resource, bounds)
      onPage(page.items)
      if (page.next === '') {
        const serverTime = serverTimeOf(reply.snapshot, reply.atMs)
        return { kind: 'listed', resourceVersion: page.resourceVersion, serverTime }
      }
      if (page.next === next) throw new AnswerError('malformed', 'a page repeats its continue token')
      next = page.next
    } catch (error) {
      return { kind: 'failed', failure: failureOfAnswer(asked, error) }
    }
  }
  return {
    kind: 'failed',
    failure: { reason: 'limit', message: `list ${resource.plural}: over ${bounds.pages} pages` },
  }
}

function listQuery(resource: Resource<unknown>, { pageItems }: Bounds, next: string): URLSearchParams {
  const query = new URLSearchParams({ limit: String(pageItems) })
  if (next !== '') query.set('continue', next)
  else if (resource.cached === true) query.set('resourceVersion', '0')
  return query
}

function serverTimeOf({ headers }: IncomingMessage, atMs: number): ServerTime | undefined {
  const dateMs = Date.parse(headers.date ?? '')
  return Number.isNaN(dateMs) ? undefined : { dateMs, atMs }
}

interface Page<T> {
  readonly items: readonly T[]
  readonly resourceVersion: string
  readonly next: string
}

async function readPage<T>(response: IncomingMessage, resource: Resource<T>, bounds: Bounds): Promise<Page<T>> {
  const items: T[] = []
  const splitter = new ItemSplitter((json) => {
    const item = resource.prune(parseObject(json))
    if (item === undefined) throw new AnswerError('malformed', `an item is not one of ${resource.plural}`)
    items.push(item)
  })
  const { pageTotalMs: totalMs, pageIdleMs: idleMs, pageBytes: bytes } = bounds
  await readBody(response, 'a page', { totalMs, idleMs, bytes }, (part) => splitter.push(part))
  const list = parseObject(splitter.envelope())
  const { resourceVersion, continue: next } = fields(list.metadata)
  // Go writes an empty list that was never filled as null.
  if (list.items !== null && !Array.isArray(list.items)) {
    throw new AnswerError('malformed', 'the answer has no list of items')
  }
  return { items, resourceVersion: text(resourceVersion), next: text(next) }
}
