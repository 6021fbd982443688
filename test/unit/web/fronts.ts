/** A server in front of routes that answer early, late, a lot or never, whose limits a test makes short. */
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { request, type Server } from 'node:http'
import { type ClientHttp2Session, connect as connectHttp2, type Settings } from 'node:http2'
import { type RequestOptions, request as requestTls } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { systemClock } from '../../../exporter/service/clock.ts'
import { createLogger } from '../../../exporter/service/log.ts'
import { WebConfigInForce } from '../../../exporter/web/config/in-force.ts'
import { checkWebConfig } from '../../../exporter/web/config/load.ts'
import { Front } from '../../../exporter/web/front.ts'
import type { Handler } from '../../../exporter/web/gate.ts'
import { InFlight } from '../../../exporter/web/in-flight.ts'
import { defaultLimits, type Limits } from '../../../exporter/web/limits.ts'
import { until } from '../../until.ts'

const certificates = new URL('../../testdata/tls/', import.meta.url).pathname
/** The password is dave123. */
export const users = 'basic_auth_users: {dave: $2b$04$caF7ej5Y9nr4cIaU7Tq7/uGGCFfbE3FicSPMHeqDE0rNUz2h8arFC}\n'
export const ca = readFileSync(join(certificates, 'ca.crt'), 'utf8')

/** Longer than any client here takes: a test makes the limit short that it is about. */
const patient: Limits = {
  ...defaultLimits,
  handshakeMs: 30_000,
  headersMs: 30_000,
  requestMs: 30_000,
  answerMs: 30_000,
  refusalMs: 30_000,
  idleMs: 30_000,
  checkEveryMs: 50,
  maxHeaderBytes: 4_096,
  maxConnections: 4,
  maxRequests: 8,
  maxStreams: 5,
}
/** What happens at once, or by a short limit, takes less than this, and less than any other limit, on a busy machine too. */
export const soonMs = 5_000
/** Far more than the buffers of the kernel take. */
const large = 'x'.repeat(16 * 1024 * 1024)

function answer(scrapes: InFlight, asked: string[]): Handler {
  return (incoming, response) => {
    asked.push(incoming.url ?? '')
    if (incoming.url === '/large') {
      if (scrapes.enter(response)) return void response.end(large)
      response.statusCode = 503
      return void response.end()
    }
    if (incoming.url === '/never') return
    if (incoming.url === '/early') return void response.end('no need of a body\n')
    incoming.resume().once('end', () => response.end('done\n'))
  }
}

export interface SetUp {
  readonly tls?: boolean
  /** YAML beside that of TLS. */
  readonly web?: string
  readonly limits?: Partial<Limits>
}

export async function setUp(t: TestContext, options: SetUp = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'front-'))
  const path = join(folder, 'web.yaml')
  const files = `cert_file: ${certificates}server.crt, key_file: ${certificates}server.key`
  const tls = options.tls === true ? `tls_server_config: {${files}}\n` : ''
  writeFileSync(path, tls + (options.web ?? ''))
  const log = createLogger('error', 'json', { write: () => undefined })
  const inForce = new WebConfigInForce({ path, clock: systemClock, log }, checkWebConfig(path))
  const limits = { ...patient, ...options.limits }
  const front = new Front({ clock: systemClock, limits, secured: { inForce, log } })
  const scrapes = new InFlight(1)
  const asked: string[] = []
  const server = front.server(answer(scrapes, asked)).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    front.cut()
    server.close()
    rmSync(folder, { recursive: true })
  })
  const { port } = server.address() as AddressInfo
  return { front, server, port, asked }
}

/** What came until the end, and after how long the end came. */
export async function untilEnd(socket: Socket): Promise<{ text: string; ms: number }> {
  const started = performance.now()
  let text = ''
  socket.on('data', (chunk) => {
    text += chunk
  })
  socket.on('error', () => undefined)
  await once(socket, 'close', { signal: AbortSignal.timeout(20_000) })
  return { text, ms: performance.now() - started }
}

export async function status(port: number, path: string, options: RequestOptions = {}): Promise<number> {
  const ask = options.ca === undefined ? request : requestTls
  const [response] = await once(ask({ port, host: '127.0.0.1', path, agent: false, ...options }).end(), 'response')
  response.resume()
  return response.statusCode
}

export async function openHttp2(t: TestContext, port: number, settings: Settings = {}): Promise<ClientHttp2Session> {
  const session = connectHttp2(`https://127.0.0.1:${port}`, { ca, settings })
  session.on('error', () => undefined)
  t.after(() => session.destroy())
  await once(session, 'connect')
  return session
}

export async function statusHttp2(session: ClientHttp2Session, headers: Record<string, string>): Promise<number> {
  const stream = session.request({ ':path': '/', ...headers })
  stream.on('error', () => undefined)
  const closed = once(stream, 'close').then(() => Promise.reject(new Error('closed without an answer')))
  const [answered] = await Promise.race([once(stream, 'response'), closed])
  stream.resume()
  return answered[':status']
}

export async function untilNone(server: Server): Promise<void> {
  await until('no connection is held', async () => (await connectionsOf(server)) === 0, { limitMs: soonMs })
}

export async function connectionsOf(server: Server): Promise<number> {
  return await new Promise((resolve, reject) => {
    server.getConnections((error, count) => (error === null ? resolve(count) : reject(error)))
  })
}
