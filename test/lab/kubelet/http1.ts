/**
 * HTTP/1.1 with one connection that is kept alive. Without a time-out of the request, as kubelets had none before
 * kubernetes/kubernetes#51276 (2017), only the kernel ends a request to a dead address: that is the hang of #41916 and
 * #48638. With one, Go closes the connection with the request, since the answer may still come on it
 * (net/http.persistConn.roundTrip), and the next request dials anew: such a kubelet is back after the time-out.
 */
import { Agent, request } from 'node:https'
import { type Connection, type Dialing, reasonOf, watchDial } from './options.ts'

export class Http1Connection implements Connection {
  readonly #dialing: Dialing
  readonly #agent: Agent

  constructor(dialing: Dialing) {
    const { lookup, ca, options } = dialing
    this.#dialing = dialing
    const { certificateName: servername } = options.api
    this.#agent = new Agent({ keepAlive: true, maxSockets: 1, ca, servername, lookup })
  }

  async put(path: string, body: string): Promise<void> {
    const { options, tell } = this.#dialing
    const { api, timeoutMs } = options
    const signal = timeoutMs === undefined ? undefined : AbortSignal.timeout(timeoutMs)
    await new Promise<void>((resolve, reject) => {
      const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }
      const sending = request({
        agent: this.#agent,
        host: api.hostname,
        port: api.port,
        path,
        method: 'PUT',
        headers,
        ...(signal === undefined ? {} : { signal }),
      })
      sending.once('socket', (socket) => {
        if (!socket.connecting) return
        watchDial(socket, tell)
        socket.once('error', (error) => tell({ event: 'lost', reason: reasonOf(error) }))
      })
      sending.once('error', reject)
      sending.once('response', (response) => {
        response.once('error', reject).once('end', resolve).resume()
      })
      sending.end(body)
    })
  }

  close(): void {
    this.#agent.destroy()
  }
}
