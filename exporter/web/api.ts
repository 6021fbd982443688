/** JSON for programs, in the envelope of the Prometheus HTTP API. */
import type { FastifyInstance, FastifyReply } from 'fastify'
import { systemClock } from '../service/clock.ts'
import type { WebDeps } from './deps.ts'
import { Kept } from './kept.ts'

export function registerApi(app: FastifyInstance, deps: WebDeps): void {
  /** What is watched and how fresh it is: clusters, their collectors, what each knows. */
  const kept = new Kept(systemClock)
  app.get('/api/v1/status', (_request, reply) =>
    sendJson(
      reply,
      kept.get(deps.effectiveConfig(), () => statusText(deps)),
    ),
  )
  /** The changes seen, newest first, at most 1,000; of those before the start the newest 100, where there is a state file. */
  app.get('/api/v1/events', (_request, reply) =>
    sendJson(reply, JSON.stringify({ status: 'success', data: deps.service.history.list() })),
  )
}

function statusText({ version, startedAtMs, service }: WebDeps): string {
  const started = new Date(startedAtMs).toISOString()
  const data = { version, started, ready: service.ready().ready, clusters: service.status() }
  return JSON.stringify({ status: 'success', data })
}

function sendJson(reply: FastifyReply, text: string): FastifyReply {
  return reply.type('application/json; charset=utf-8').header('cache-control', 'no-store').send(text)
}
