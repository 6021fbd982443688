/**
 * A Kubernetes API server on loopback, as far as a watcher of nodes sees one: paged lists with consistent continue
 * tokens, watches with bookmarks and 410, node leases, a bearer token, TLS, and every way to fail that we know of.
 */
import { readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import { type AddressInfo, createServer as createTcpServer, type Server, type Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import {
  applyFault,
  continuation,
  isWatch,
  kindOf,
  type LabFault,
  leasesPath,
  page,
  send,
  sendList,
  sendStatus,
} from './kubernetes/answers.ts'
import { LabCluster } from './kubernetes/cluster.ts'
import { kubeconfig } from './kubernetes/kubeconfig.ts'
import { renderLease, renderNode } from './kubernetes/objects.ts'
import { LabRbac } from './kubernetes/rbac.ts'
import { LabWatch } from './kubernetes/watches.ts'

export interface LabKubernetesOptions {
  readonly host?: string
  readonly port?: number
  readonly tls?: boolean
  /** Absent: no credentials are asked for. */
  readonly token?: string
  /** Accept a client certificate of the lab's CA in place of the token. */
  readonly clientCertificates?: boolean
  /** Several servers may serve one cluster. */
  readonly cluster?: LabCluster
}

interface ArmedFault {
  readonly fault: LabFault
  left: number
}

const tlsDirectory = new URL('../testdata/tls/', import.meta.url)

export function labTlsFile(name: string): string {
  return new URL(name, tlsDirectory).pathname
}

const requestLogLimit = 10_000

export class LabKubernetes {
  readonly cluster: LabCluster
  /** The bearer token that is accepted; set it anew to rotate. */
  token: string | undefined
  /** How a watch from a compacted version is refused. */
  goneAs: 'status' | 'event' = 'event'
  /** false: lists of leases come in pages, as while the cache of an API server is not ready. */
  cachesLeases = true
  /** Watches go on for longer than their timeoutSeconds, as behind some proxies. */
  keepsWatches = false
  /** How far the Date of the answers is ahead of this machine's clock. */
  dateAheadMs = 0
  /** Accepted TCP connections. */
  dials = 0
  /** Who may do what; everything, unless a test says otherwise. */
  readonly rbac = new LabRbac()
  /** Paths with query, oldest first. */
  readonly requests: string[] = []
  readonly #options: LabKubernetesOptions
  readonly #front: Server
  readonly #http: Server
  readonly #sockets = new Set<Socket>()
  readonly #watches = new Set<LabWatch>()
  #faults: ArmedFault[] = []
  #frozen = false

  static async start(options: LabKubernetesOptions = {}): Promise<LabKubernetes> {
    const lab = new LabKubernetes(options)
    await new Promise<void>((resolve, reject) => {
      lab.#front.once('error', reject)
      lab.#front.listen(options.port ?? 0, options.host ?? '127.0.0.1', resolve)
    })
    return lab
  }

  private constructor(options: LabKubernetesOptions) {
    this.#options = options
    this.cluster = options.cluster ?? new LabCluster()
    this.token = options.token
    const handler = (request: IncomingMessage, response: ServerResponse) => this.#handle(request, response)
    this.#http = options.tls === false ? createHttpServer(handler) : createHttpsServer(tlsOptions(options), handler)
    this.#http.on('tlsClientError', () => undefined)
    this.#front = createTcpServer((socket) => this.#accept(socket))
  }

  get port(): number {
    return (this.#front.address() as AddressInfo).port
  }

  get host(): string {
    return this.#options.host ?? '127.0.0.1'
  }

  get url(): string {
    return `${this.#options.tls === false ? 'http' : 'https'}://${this.host}:${this.port}`
  }

  get openConnections(): number {
    return this.#sockets.size
  }

  get openWatches(): number {
    return this.#watches.size
  }

  /** Writes a kubeconfig for this server and returns its path. `server` where clients use a name. */
  async writeKubeconfig(path: string, options: { server?: string; tokenFile?: string } = {}): Promise<string> {
    const user = options.tokenFile === undefined ? { token: this.token } : { tokenFile: options.tokenFile }
    await writeFile(path, kubeconfig(options.server ?? this.url, labTlsFile('ca.crt'), user), { mode: 0o600 })
    return path
  }

  fault(fault: LabFault): void {
    this.#faults.push({ fault, left: fault.times ?? Number.POSITIVE_INFINITY })
  }

  clearFaults(): void {
    this.#faults = []
  }

  /** A black hole: new connections are accepted and never answered, open ones fall silent, nothing is closed. */
  freeze(): void {
    this.#frozen = true
    for (const watch of this.#watches) watch.silence()
  }

  /** New connections work again; those that fell silent stay so. */
  thaw(): void {
    this.#frozen = false
  }

  /** Ends every open watch as an API server does that shuts down. */
  endWatches(): void {
    for (const watch of this.#watches) watch.end()
  }

  /** Sends an ERROR event 410 to every open watch, and forgets the history. */
  expireWatches(): void {
    this.cluster.expire()
    for (const watch of [...this.#watches]) watch.error(410, 'Expired', 'too old resource version')
  }

  /** Sends a bookmark on every open watch. */
  bookmark(): void {
    for (const watch of this.#watches) watch.bookmark()
  }

  /** Bytes as they are, on every open watch. */
  sendRaw(text: string): void {
    for (const watch of this.#watches) watch.raw(text)
  }

  /** Cuts every connection with a reset. */
  resetConnections(): void {
    for (const socket of this.#sockets) socket.resetAndDestroy()
  }

  async close(): Promise<void> {
    for (const watch of this.#watches) watch.destroy()
    for (const socket of this.#sockets) socket.destroy()
    await new Promise<void>((resolve) => this.#front.close(() => resolve()))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  #accept(socket: Socket): void {
    this.dials += 1
    this.#sockets.add(socket)
    socket.setNoDelay(true)
    socket.on('error', () => undefined)
    socket.on('close', () => this.#sockets.delete(socket))
    if (!this.#frozen) this.#http.emit('connection', socket)
  }

  #handle(request: IncomingMessage, response: ServerResponse): void {
    const url = new URL(request.url ?? '/', 'http://lab')
    this.requests.push(`${url.pathname}${url.search}`)
    if (this.dateAheadMs !== 0) response.setHeader('date', new Date(Date.now() + this.dateAheadMs).toUTCString())
    if (this.requests.length > requestLogLimit) this.requests.shift()
    if (this.#frozen || this.#failed(url, response)) return
    if (!this.#authorised(request)) sendStatus(response, 401, 'Unauthorized')
    else if (this.rbac.answers(request, url, response)) return
    else if (url.pathname === '/version') send(response, 200, '{"major":"1","minor":"32","gitVersion":"v1.32.0"}')
    else if (url.pathname === leasesPath) this.#listLeases(url, response)
    else if (url.pathname !== '/api/v1/nodes') sendStatus(response, 404, 'the server could not find the resource')
    else if (isWatch(url)) this.#watch(url, response)
    else this.#listNodes(url, response)
  }

  #authorised(request: IncomingMessage): boolean {
    if (this.token === undefined || request.headers.authorization === `Bearer ${this.token}`) return true
    const { socket } = request
    return this.#options.clientCertificates === true && socket instanceof TLSSocket && socket.authorized
  }

  #failed(url: URL, response: ServerResponse): boolean {
    const kind = kindOf(url)
    const armed = this.#faults.find(({ fault, left }) => left > 0 && (fault.on === 'any' || fault.on === kind))
    if (armed === undefined) return false
    armed.left -= 1
    applyFault(armed.fault, response)
    return true
  }

  #watch(url: URL, response: ServerResponse): void {
    const asked = Number(url.searchParams.get('resourceVersion') ?? 0)
    const resourceVersion = asked === 0 ? undefined : asked
    const gone = resourceVersion !== undefined && this.cluster.changesAfter(resourceVersion, 1) === undefined
    if (gone && this.goneAs === 'status') {
      sendStatus(response, 410, `too old resource version: ${asked}`)
      return
    }
    const watch = new LabWatch(
      this.cluster,
      response,
      {
        resourceVersion,
        timeoutMs: 1000 * (this.keepsWatches ? 1800 : Number(url.searchParams.get('timeoutSeconds') ?? 1800)),
        bookmarks: url.searchParams.get('allowWatchBookmarks') === 'true',
      },
      (ended) => this.#watches.delete(ended),
    )
    this.#watches.add(watch)
  }

  #listNodes(url: URL, response: ServerResponse): void {
    const [id, from] = continuation(url)
    const snapshot = id === undefined ? this.cluster.snapshot() : { id, nodes: this.cluster.snapshotOf(id) }
    if (snapshot.nodes === undefined) {
      sendStatus(response, 410, 'The provided continue parameter is too old')
      return
    }
    const { items, next } = page(snapshot.nodes, url, snapshot.id, from)
    const version = snapshot.id.split('-')[0] ?? ''
    sendList(
      response,
      'NodeList',
      version,
      next,
      items.map((node) => renderNode(node, this.cluster.images)),
    )
  }

  #listLeases(url: URL, response: ServerResponse): void {
    const version = this.cluster.resourceVersion
    // From its cache an API server answers whole, whatever the limit.
    const cached = url.searchParams.get('resourceVersion') === '0' && this.cachesLeases
    const all = this.cluster.leases()
    const { items, next } = cached ? { items: all, next: '' } : page(all, url, String(version), continuation(url)[1])
    sendList(
      response,
      'LeaseList',
      String(version),
      next,
      items.map((lease) => renderLease(lease, version)),
    )
  }
}

function tlsOptions(options: LabKubernetesOptions): object {
  return {
    key: readFileSync(labTlsFile('server.key')),
    cert: readFileSync(labTlsFile('server.crt')),
    ca: readFileSync(labTlsFile('ca.crt')),
    requestCert: options.clientCertificates === true,
    rejectUnauthorized: false,
  }
}
