/** The API server of kubelets, as far as leases go: HTTP/2 and HTTP/1.1 over TLS, on a socket file. */
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createSecureServer, type Http2SecureServer } from 'node:http2'
import type { Socket } from 'node:net'
import { labTlsFile } from '../kubernetes-server.ts'

/** `host`: what the client asked for, with the port; several clusters may share one server. */
export type OnRenewal = (node: string, host: string) => void

export class LeaseApi {
  readonly #server: Http2SecureServer
  readonly #sockets = new Set<Socket>()

  private constructor(server: Http2SecureServer) {
    this.#server = server
    server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket)
      socket.once('close', () => this.#sockets.delete(socket))
    })
    // Clients are killed in the middle of all this.
    server.on('sessionError', () => undefined).on('tlsClientError', () => undefined)
  }

  static async start(path: string, onRenewal: OnRenewal): Promise<LeaseApi> {
    const key = readFileSync(labTlsFile('server.key'))
    const cert = readFileSync(labTlsFile('server.crt'))
    const server = createSecureServer({ key, cert, allowHTTP1: true }, (request, response) => {
      const [, node] = /\/namespaces\/kube-node-lease\/leases\/([\w.-]+)$/.exec(request.url) ?? []
      const found = request.method === 'PUT' && node !== undefined
      let body = ''
      request.on('data', (chunk) => {
        body += String(chunk)
      })
      request.once('end', () => {
        if (found) onRenewal(node, request.headers[':authority'] ?? request.headers.host ?? '')
        response.writeHead(found ? 200 : 404, { 'content-type': 'application/json' })
        response.end(found ? body : '{"kind":"Status","status":"Failure","code":404}')
      })
    })
    server.listen(path)
    await once(server, 'listening')
    return new LeaseApi(server)
  }

  async close(): Promise<void> {
    const closed = once(this.#server, 'close')
    this.#server.close()
    for (const socket of this.#sockets) socket.destroy()
    await closed
  }
}
