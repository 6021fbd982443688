/** The pages for people and what belongs to them, with headers that let nothing in from elsewhere. */
import type { FastifyInstance, FastifyReply } from 'fastify'
import { systemClock } from '../../service/clock.ts'
import { registerDebug } from '../debug/routes.ts'
import type { WebDeps } from '../deps.ts'
import { Kept } from '../kept.ts'
import { statusPage } from '../status-page.ts'
import { createAssets } from './assets.ts'

/** Nothing runs and nothing loads but what this exporter serves itself, and nobody may frame it. */
const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')
const yearSeconds = 31_536_000

export function registerPages(app: FastifyInstance, deps: WebDeps): void {
  const assets = createAssets()
  const kept = new Kept(systemClock)
  app.get('/', (_request, reply) => {
    const text = kept.get(deps.effectiveConfig(), () => statusPage(deps, assets))
    return sendHtml(reply, text)
  })
  for (const [name, { type, text, hash }] of Object.entries(assets.byName)) {
    app.get(`/assets/:hash/${name}`, (request, reply) => {
      const { hash: asked } = request.params as { readonly hash: string }
      // A tab of the version before asks for what is no more: it loads itself anew.
      if (asked !== hash) return reply.code(404).type('text/plain; charset=utf-8').send('Of another version.\n')
      reply.header('etag', `"${hash}"`).header('cache-control', `public, max-age=${yearSeconds}, immutable`)
      reply.header('x-content-type-options', 'nosniff')
      if (request.headers['if-none-match'] === `"${hash}"`) return reply.code(304).send()
      return reply.type(type).send(text)
    })
  }
  registerDebug(app, deps, assets, sendHtml)
}

export function sendHtml(reply: FastifyReply, text: string): FastifyReply {
  return reply
    .type('text/html; charset=utf-8')
    .header('content-security-policy', policy)
    .header('x-content-type-options', 'nosniff')
    .header('referrer-policy', 'no-referrer')
    .header('cache-control', 'no-store')
    .send(text)
}
