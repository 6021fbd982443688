/** The HTTP face. Scrapes render memory; health never depends on AWS, DNS or Kubernetes. */

import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import { type FastifyInstance, type FastifyReply, type FastifyRequest, fastify } from 'fastify'
import { systemClock } from '../service/clock.ts'
import { registerApi } from './api.ts'
import type { WebDeps } from './deps.ts'
import { Front } from './front.ts'
import { InFlight } from './in-flight.ts'
import type { ListenAddress } from './listen-address.ts'
import { registerPages } from './page/routes.ts'

const compress = promisify(gzip)
/** Level 1 costs half of the default for 3 to 4 % more bytes. */
const gzipLevel = 1

export interface WebOptions {
  /** Default: plain HTTP for everybody. */
  readonly front?: Front
  /** Scrapes under way; default: any number. One for all servers of a process. */
  readonly scrapes?: InFlight
}

export function createServer(deps: WebDeps, options: WebOptions = {}): FastifyInstance {
  const { front = new Front({ clock: systemClock }), scrapes = new InFlight(0) } = options
  const app = fastify({
    logger: false,
    bodyLimit: front.limits.maxBodyBytes,
    serverFactory: (handler) => front.server(handler),
    forceCloseConnections: 'idle',
    return503OnClosing: false,
    frameworkErrors: (_error, _request, reply) => sendText(reply, 400, 'The path of the request cannot be read.'),
  })
  app.addHook('preClose', async () => front.drain())
  // A reload posts no body that matters; whatever its type, it is read up to the limit and ignored.
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', { parseAs: 'string' }, (_request, _body, done) => done(null))
  app.get('/metrics', (request, reply) => {
    if (scrapes.enter(reply.raw)) return sendMetrics(deps, request, reply)
    return sendText(
      reply,
      503,
      `${scrapes.max} scrapes are under way, the most at once (--web.max-requests); try again.`,
    )
  })
  app.get('/-/healthy', (_request, reply) => sendText(reply, 200, 'elb-churn-exporter is healthy.'))
  app.get('/-/ready', (_request, reply) => sendReady(deps, reply))
  app.post('/-/reload', (request, reply) => {
    // A browser that is logged in would send the password along with what another site asks of it.
    const site = request.headers['sec-fetch-site']
    if (site === undefined || site === 'same-origin' || site === 'none') return reload(deps, front, reply)
    return sendText(reply, 403, 'A page of another site may not ask for a reload.')
  })
  app.get('/config', (_request, reply) =>
    reply.type('text/yaml; charset=utf-8').header('cache-control', 'no-store').send(deps.effectiveConfig()),
  )
  registerPages(app, deps)
  registerApi(app, deps)
  app.setNotFoundHandler((request, reply) => {
    const allowed = methodsOf(app, request.url)
    if (allowed.length === 0) return sendText(reply, 404, 'Not found. See / for what there is.')
    return sendText(reply.header('allow', allowed.join(', ')), 405, `This path takes ${allowed.join(', ')}.`)
  })
  return app
}

function methodsOf(app: FastifyInstance, url: string): string[] {
  const [path = '/'] = url.split('?')
  // To the router these are no letters but patterns, and it throws where they make none.
  if (/[*:(]/.test(path)) return []
  return ['GET', 'HEAD', 'POST'].filter((method) => app.hasRoute({ method, url: path }))
}

/** Resolves with the URL. */
export async function listen(app: FastifyInstance, address: ListenAddress, scheme = 'http'): Promise<string> {
  return (await bind(app, address)).replace(/^https?:/, `${scheme}:`)
}

async function bind(app: FastifyInstance, { host, port }: ListenAddress): Promise<string> {
  if (host !== undefined) return await app.listen({ host, port })
  try {
    return await app.listen({ host: '::', port })
  } catch (error) {
    // A machine without IPv6 has no `::` to listen on.
    if ((error as NodeJS.ErrnoException).code !== 'EAFNOSUPPORT') throw error
    return await app.listen({ host: '0.0.0.0', port })
  }
}

async function sendMetrics(deps: WebDeps, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const text = await deps.metrics.render()
  reply.type(deps.metrics.registry.contentType).header('vary', 'accept-encoding')
  if (!acceptsGzip(request.headers['accept-encoding'])) return reply.send(text)
  return reply.header('content-encoding', 'gzip').send(await compress(text, { level: gzipLevel }))
}

function acceptsGzip(header: string | string[] | undefined): boolean {
  return /(^|,)\s*gzip\s*(;\s*q=(1|0?\.\d*[1-9]))?\s*(,|$)/i.test(String(header ?? ''))
}

function sendReady({ service }: WebDeps, reply: FastifyReply): FastifyReply {
  const { ready, waiting } = service.ready()
  if (ready) return sendText(reply, 200, 'elb-churn-exporter is ready.')
  return sendText(reply, 503, `Not ready: waiting for the first run of ${waiting.join(', ') || 'any collector'}.`)
}

async function reload(deps: WebDeps, front: Front, reply: FastifyReply): Promise<FastifyReply> {
  const problem = await deps.reload()
  // That file is read by itself, whenever it changes, but whoever reloads expects it to count from now on.
  const web = front.webConfigRefused()
    ? '\nThe web config is refused; the previous one stays in force: see the log.'
    : ''
  if (problem === undefined) return sendText(reply, 200, `Config reloaded.${web}`)
  return sendText(reply, 500, `Config reload failed; the previous config stays in force:\n${problem}${web}`)
}

function sendText(reply: FastifyReply, code: number, text: string): FastifyReply {
  return reply.code(code).type('text/plain; charset=utf-8').send(`${text}\n`)
}
