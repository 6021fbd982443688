import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'

/** What Alertmanager sent to one of the receivers, as it arrived. */
export interface Notification {
  /** `pagerduty`, `slack` or `webhook`: the path that was asked for. */
  readonly receiver: string
  readonly atMs: number
  readonly authorization: string | undefined
  readonly body: Readonly<Record<string, unknown>>
}

/** One server on loopback that stands for PagerDuty, Slack and a webhook, and keeps what it is told. */
export interface Receivers {
  /** `http://127.0.0.1:port` */
  readonly url: string
  /** What came so far, in order. */
  readonly notifications: readonly Notification[]
  /** Resolves to the first notification that fits; throws with the last of what came instead after `withinMs` (default 30 s). */
  waitFor(what: string, fits: (notification: Notification) => boolean, withinMs?: number): Promise<Notification>
  stop(): Promise<void>
}

const limit = 10_000
const bodyLimit = 1024 * 1024

export async function startReceivers(): Promise<Receivers> {
  const notifications: Notification[] = []
  const server = createServer((request, response) => {
    receive(request, response, notifications).catch(() => request.destroy())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the receivers have no port')
  return {
    url: `http://127.0.0.1:${address.port}`,
    notifications,
    async waitFor(what, fits, withinMs = 30_000) {
      const deadline = Date.now() + withinMs
      for (;;) {
        const found = notifications.find(fits)
        if (found !== undefined) return found
        if (Date.now() > deadline) {
          throw new Error(
            `${what} did not come within ${withinMs} ms, only:\n${JSON.stringify(notifications, null, 1)}`,
          )
        }
        await new Promise((resolve) => setTimeout(resolve, 20))
      }
    },
    async stop() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

async function receive(request: IncomingMessage, response: ServerResponse, into: Notification[]): Promise<void> {
  let text = ''
  for await (const chunk of request) {
    text += String(chunk)
    if (text.length > bodyLimit) throw new Error('a notification beyond 1 MB')
  }
  const receiver = (request.url ?? '').split('/')[1] ?? ''
  const body: Record<string, unknown> = JSON.parse(text)
  if (into.length < limit) {
    into.push({ receiver, atMs: Date.now(), authorization: request.headers.authorization, body })
  }
  // PagerDuty answers 202, Slack 200 and the word ok; Alertmanager tries again on anything else.
  response.writeHead(receiver === 'pagerduty' ? 202 : 200).end('ok')
}
