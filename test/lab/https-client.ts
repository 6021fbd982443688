import { once } from 'node:events'
import { request as httpRequest, type IncomingHttpHeaders } from 'node:http'
import { connect as connectHttp2 } from 'node:http2'
import { request as httpsRequest } from 'node:https'
import type { Socket } from 'node:net'
import { type ConnectionOptions, TLSSocket } from 'node:tls'

export interface Call {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string | string[]>>
  /** `user:password` */
  readonly auth?: string
  readonly body?: string
  readonly tls?: ConnectionOptions
  readonly http2?: boolean
}

export interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: string
  /** Common name of the server's certificate; undefined over plain HTTP. */
  readonly server?: string
  readonly protocol?: string | null
  readonly cipher?: string
}

const limitMs = 30_000

/** One request on a connection of its own. Rejects with the error of TLS where there is no connection. */
export async function call(url: string, options: Call = {}): Promise<Answer> {
  return options.http2 === true ? await callHttp2(url, options) : await callHttp1(url, options)
}

async function callHttp1(url: string, { method = 'GET', headers, auth, body, tls }: Call): Promise<Answer> {
  const send = url.startsWith('https:') ? httpsRequest : httpRequest
  const request = send(url, {
    method,
    agent: false,
    signal: AbortSignal.timeout(limitMs),
    ...tls,
    ...(auth && { auth }),
  })
  for (const [name, value] of Object.entries(headers ?? {})) request.setHeader(name, value)
  request.end(body)
  const [response] = await once(request, 'response')
  const about = describe(response.socket)
  let text = ''
  for await (const chunk of response.setEncoding('utf8')) text += chunk
  return { status: response.statusCode, headers: response.headers, body: text, ...about }
}

async function callHttp2(url: string, { method = 'GET', headers, auth, body, tls }: Call): Promise<Answer> {
  const { origin, pathname } = new URL(url)
  const session = connectHttp2(origin, tls)
  // What ends it is told by the stream, or by the wait for the connection.
  session.on('error', () => undefined)
  try {
    await once(session, 'connect', { signal: AbortSignal.timeout(limitMs) })
    const authorization = auth && { authorization: `Basic ${Buffer.from(auth).toString('base64')}` }
    const stream = session.request({ ':method': method, ':path': pathname, ...authorization, ...headers })
    stream.setTimeout(limitMs, () => stream.destroy(new Error('no answer in time')))
    stream.on('error', () => undefined)
    stream.end(body)
    const closed = once(stream, 'close').then(() => Promise.reject(new Error('closed without an answer')))
    const [answer] = await Promise.race([once(stream, 'response'), closed])
    const about = describe(session.socket)
    let text = ''
    for await (const chunk of stream.setEncoding('utf8')) text += chunk
    return { status: answer[':status'], headers: answer, body: text, ...about }
  } finally {
    session.destroy()
  }
}

function describe(socket: Socket | TLSSocket): Partial<Answer> {
  if (!(socket instanceof TLSSocket)) return {}
  const { subject } = socket.getPeerCertificate()
  return { server: String(subject?.CN), protocol: socket.getProtocol(), cipher: socket.getCipher().standardName }
}
