/**
 * HTTP/2 with one connection for all requests, as client-go has it. A request that times out ends its stream alone
 * (RST_STREAM), since others may be on the connection, and the next request takes the same connection: that is why a
 * kubelet with a time-out of 10 s still hung for 15 minutes, until the kernel gave the connection up
 * (kubernetes/kubernetes#52176). Since Kubernetes 1.20 (#95981) the client pings a connection on which no frame came for
 * 30 s, and closes it where the answer is not there 15 s later: golang.org/x/net/http2, Transport.ReadIdleTimeout and
 * PingTimeout, set by k8s.io/apimachinery/pkg/util/net from HTTP2_READ_IDLE_TIMEOUT_SECONDS and
 * HTTP2_PING_TIMEOUT_SECONDS. Kubelets of 1.11 to 1.23 also closed their connections on failed heartbeats (#63492,
 * #108107); this one does not.
 */
import { type ClientHttp2Session, connect, constants } from 'node:http2'
import { connect as connectTls } from 'node:tls'
import { type Connection, type Dialing, reasonOf, watchDial } from './options.ts'

export class Http2Connection implements Connection {
  readonly #dialing: Dialing
  #session: ClientHttp2Session | undefined
  #pings: Pings | undefined

  constructor(dialing: Dialing) {
    this.#dialing = dialing
  }

  async put(path: string, body: string): Promise<void> {
    this.#session ??= this.#dial()
    const stream = this.#session.request({
      ':method': 'PUT',
      ':path': path,
      'content-type': 'application/json',
    })
    const { timeoutMs } = this.#dialing.options
    let late: NodeJS.Timeout | undefined
    try {
      await new Promise<void>((resolve, reject) => {
        if (timeoutMs !== undefined) {
          late = setTimeout(() => {
            reject(new Error('request timed out'))
            stream.close(constants.NGHTTP2_CANCEL)
          }, timeoutMs)
        }
        stream.on('error', reject)
        stream.once('end', () => resolve())
        stream.once('close', () => reject(new Error('the stream closed')))
        stream
          .once('response', () => this.#pings?.heard())
          .resume()
          .end(body)
      })
    } finally {
      clearTimeout(late)
    }
  }

  close(): void {
    this.#session?.destroy()
  }

  #dial(): ClientHttp2Session {
    const { lookup, ca, options, tell } = this.#dialing
    const { hostname, port, certificateName: servername } = options.api
    const socket = connectTls({
      host: hostname,
      port,
      servername,
      ca,
      lookup,
      ALPNProtocols: ['h2'],
    })
    watchDial(socket, tell)
    const session = connect(`https://${hostname}:${port}`, { createConnection: () => socket })
    session.once('error', (error) => tell({ event: 'lost', reason: reasonOf(error) }))
    const pings = options.ping === undefined ? undefined : new Pings(session, options.ping)
    this.#pings = pings
    session.once('close', () => {
      pings?.stop()
      if (this.#session === session) this.#session = undefined
    })
    return session
  }
}

/** The health check of golang.org/x/net/http2: each frame that comes winds it up again. */
class Pings {
  readonly #session: ClientHttp2Session
  readonly #timeoutMs: number
  readonly #idle: NodeJS.Timeout
  #answer: NodeJS.Timeout | undefined

  constructor(session: ClientHttp2Session, { idleMs, timeoutMs }: { idleMs: number; timeoutMs: number }) {
    this.#session = session
    this.#timeoutMs = timeoutMs
    this.#idle = setTimeout(() => this.#ping(), idleMs)
  }

  heard(): void {
    if (this.#answer === undefined) this.#idle.refresh()
  }

  stop(): void {
    clearTimeout(this.#idle)
    clearTimeout(this.#answer)
  }

  #ping(): void {
    this.#answer = setTimeout(() => this.#session.destroy(new Error('client connection lost')), this.#timeoutMs)
    this.#session.ping((error) => {
      if (error !== null) return
      clearTimeout(this.#answer)
      this.#answer = undefined
      this.#idle.refresh()
    })
  }
}
