/** One poll of one collector, as it was last: what was asked, what came, what was decided. Nothing is asked for it. */
import type { FastifyInstance, FastifyReply } from 'fastify'
import { text } from '../../core/json.ts'
import type { WebDeps } from '../deps.ts'
import type { Assets } from '../page/assets.ts'
import { debugPage } from './page.ts'

export function registerDebug(
  app: FastifyInstance,
  deps: WebDeps,
  assets: Assets,
  sendHtml: (reply: FastifyReply, text: string) => FastifyReply,
): void {
  app.get('/debug/poll', (request, reply) => {
    const query = request.query as Readonly<Record<string, unknown>>
    const [cluster, collector] = [text(query.cluster), text(query.collector)]
    const tasks = deps.service.traces(cluster, collector)
    reply.code(tasks === undefined ? 404 : 200)
    if (query.format === 'json') {
      const error = `no collector ${collector} in a cluster ${cluster}: ask for ?cluster=…&collector=… of /api/v1/status`
      return reply
        .header('cache-control', 'no-store')
        .send(
          tasks === undefined ? { status: 'error', error } : { status: 'success', data: { cluster, collector, tasks } },
        )
    }
    return sendHtml(reply, debugPage({ deps, assets, cluster, collector, tasks }))
  })
}
