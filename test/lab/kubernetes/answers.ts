/** How the lab API server reads a request and writes an answer, the failing ones included. */
import type { ServerResponse } from 'node:http'
import { renderStatus } from './objects.ts'

export interface LabFault {
  /** Which requests: the first page of a list, its later pages, watches, leases, or all. */
  readonly on: 'list' | 'continue' | 'watch' | 'leases' | 'any'
  /** How many requests; absent: until `clearFaults`. */
  readonly times?: number
  readonly status?: number
  readonly retryAfterSeconds?: number
  readonly message?: string
  /** Instead of a status: cut the connection, never answer, half an answer, or something that is no JSON. */
  readonly instead?: 'reset' | 'black_hole' | 'cut' | 'garbage'
}

const statusReasons: Readonly<Record<number, string>> = {
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'NotFound',
  410: 'Expired',
  429: 'TooManyRequests',
  500: 'InternalError',
  503: 'ServiceUnavailable',
}

export const leasesPath = '/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases'

export function isWatch(url: URL): boolean {
  return ['1', 'true'].includes(url.searchParams.get('watch') ?? '')
}

export function kindOf(url: URL): LabFault['on'] {
  if (url.pathname === leasesPath) return 'leases'
  if (isWatch(url)) return 'watch'
  return url.searchParams.has('continue') ? 'continue' : 'list'
}

export function continuation(url: URL): [id: string | undefined, from: number] {
  const token = url.searchParams.get('continue')
  if (token === null || token === '') return [undefined, 0]
  const [id, from] = Buffer.from(token, 'base64url').toString().split(' ')
  return [id, Number(from)]
}

export function page<T>(all: readonly T[], url: URL, id: string, from: number): { items: readonly T[]; next: string } {
  const limit = Number(url.searchParams.get('limit') ?? 0) || all.length
  const to = from + limit
  const next = to < all.length ? Buffer.from(`${id} ${to}`).toString('base64url') : ''
  return { items: all.slice(from, to), next }
}

export function sendList(
  response: ServerResponse,
  kind: string,
  version: string,
  next: string,
  items: readonly string[],
): void {
  const metadata = JSON.stringify({ resourceVersion: version, ...(next === '' ? {} : { continue: next }) })
  const apiVersion = kind === 'NodeList' ? 'v1' : 'coordination.k8s.io/v1'
  send(
    response,
    200,
    `{"kind":"${kind}","apiVersion":"${apiVersion}","metadata":${metadata},"items":[${items.join(',')}]}`,
  )
}

export function send(response: ServerResponse, status: number, body: string): void {
  response.writeHead(status, { 'content-type': 'application/json' })
  response.end(body)
}

export function sendStatus(response: ServerResponse, status: number, message: string): void {
  send(response, status, renderStatus(status, statusReasons[status] ?? 'Unknown', message))
}

export function applyFault(fault: LabFault, response: ServerResponse): void {
  switch (fault.instead) {
    case 'black_hole':
      break
    case 'reset':
      response.socket?.destroy()
      break
    case 'garbage':
      send(response, 200, '<html>not what you asked for</html>')
      break
    case 'cut':
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': '1000' })
      response.write('{"kind":"NodeList","metadata":{}', () => response.socket?.destroy())
      break
    default:
      if (fault.retryAfterSeconds !== undefined) response.setHeader('retry-after', String(fault.retryAfterSeconds))
      sendStatus(response, fault.status ?? 500, fault.message ?? 'a fault of the lab')
  }
}
