/** JSON for programs, in the envelope of the Prometheus HTTP API. */
import type { FastifyInstance } from 'fastify'
import type { WebDeps } from './deps.ts'

export function registerApi(app: FastifyInstance, deps: WebDeps): void {
  /** What is watched and how fresh it is: clusters, their collectors, what each knows. */
  app.get('/api/v1/status', () => ({
    status: 'success',
    data: {
      version: deps.version,
      started: new Date(deps.startedAtMs).toISOString(),
      ready: deps.service.ready().ready,
      clusters: deps.service.status(),
    },
  }))
  /** The changes seen, newest first, at most 1,000; of those before the start the newest 100, where there is a state file. */
  app.get('/api/v1/events', () => ({ status: 'success', data: deps.service.history.list() }))
}
