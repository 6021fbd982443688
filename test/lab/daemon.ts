import { type ChildProcess, spawn } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { createServer } from 'node:net'

/** A server of somebody else's making, run as a child for as long as a test needs it. */
export interface Daemon {
  readonly pid: number
  /** Everything it wrote so far, the last 64 KB. */
  output(): string
  /** true once it has ended */
  ended(): boolean
  /** Asks it to end by SIGTERM, and ends it by SIGKILL after 3 s. */
  stop(): Promise<void>
}

export interface DaemonOptions {
  readonly command: string
  readonly args: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  readonly cwd?: string
  /** Resolves to true once the server does its work. It is asked until then, every 50 ms. */
  readonly ready: (daemon: Daemon) => Promise<boolean>
  /** Bound of the wait for `ready`; default 30 s. */
  readonly readyMs?: number
}

const outputLimit = 64 * 1024
const stopMs = 3_000

/** Starts a server and waits until it is ready. Throws with its own words when it ends or is not ready in time. */
export async function startDaemon(options: DaemonOptions): Promise<Daemon> {
  const child = spawn(options.command, [...options.args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...options.env },
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
  })
  const daemon = watch(child)
  const deadline = Date.now() + (options.readyMs ?? 30_000)
  while (!(await options.ready(daemon).catch(() => false))) {
    if (daemon.ended() || Date.now() > deadline) {
      await daemon.stop()
      throw new Error(`${options.command} did not start serving. It said:\n${daemon.output()}`)
    }
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  return daemon
}

function watch(child: ChildProcess): Daemon {
  let text = ''
  const keep = (chunk: string): void => {
    text = (text + chunk).slice(-outputLimit)
  }
  child.stdout?.setEncoding('utf8').on('data', keep)
  child.stderr?.setEncoding('utf8').on('data', keep)
  const killWithUs = (): void => {
    child.kill('SIGKILL')
  }
  process.once('exit', killWithUs) // a test that dies leaves no server behind
  let ended = false
  const exit = once(child, 'exit').then(
    () => {
      ended = true
    },
    (cause: Error) => {
      keep(cause.message)
      ended = true
    },
  )
  void exit.then(() => process.removeListener('exit', killWithUs))
  return {
    pid: child.pid ?? -1,
    output: () => text,
    ended: () => ended,
    async stop() {
      if (ended) return
      child.kill('SIGTERM')
      const killer = setTimeout(() => child.kill('SIGKILL'), stopMs)
      await exit
      clearTimeout(killer)
    },
  }
}

/**
 * A loopback port that is free on UDP and TCP now. Another process can take it before the server does, so whoever uses
 * it tries again with the next one.
 */
export async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < 20; attempt += 1) {
    const tcp = createServer().listen(0, '127.0.0.1')
    await once(tcp, 'listening')
    const address = tcp.address()
    const port = typeof address === 'object' && address !== null ? address.port : 0
    const free = await udpFree(port)
    tcp.close()
    await once(tcp, 'close')
    if (free) return port
  }
  throw new Error('No loopback port is free on both UDP and TCP.')
}

async function udpFree(port: number): Promise<boolean> {
  const socket = createSocket('udp4')
  const bound = new Promise<boolean>((resolve) => {
    socket.once('error', () => resolve(false))
    socket.bind(port, '127.0.0.1', () => resolve(true))
  })
  const free = await bound
  socket.close()
  return free
}

/** Calls `start` with a free port, and again with another one where it failed (a port taken in between). */
export async function onFreePort<T>(start: (port: number) => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await start(await freePort())
    } catch (cause) {
      if (attempt === 3) throw cause
    }
  }
}
