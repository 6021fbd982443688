/**
 * Networks of their own for a few processes, with the real kernel in between. A namespace lives as long as the process
 * that holds it, so nothing is left behind, and no name of it is anywhere on the machine.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { promisify } from 'node:util'
import { findTool } from '../tools/find.ts'

const execute = promisify(execFile)
/** A holder ends by itself, should nobody close it. */
const holdSeconds = 3_600
const commandMs = 10_000

export class Namespace {
  readonly #holder: ChildProcess
  readonly #enter: readonly string[]
  readonly #ip: string
  readonly #children = new Set<ChildProcess>()

  private constructor(holder: ChildProcess, enter: readonly string[], ip: string) {
    this.#holder = holder
    this.#enter = enter
    this.#ip = ip
  }

  /**
   * With a `neighbour`, links can be laid between the two. As root, or in a user namespace of our own where the machine
   * allows that; else it throws and says what is missing.
   */
  static async open(neighbour?: Namespace): Promise<Namespace> {
    const { command: ip } = await findTool('ip')
    const asRoot = neighbour === undefined ? process.getuid?.() === 0 : !neighbour.#enter.includes('--user')
    const attempts = asRoot ? [{ user: false }, ...(neighbour ? [] : [{ user: true }])] : [{ user: true }]
    const reasons: string[] = []
    for (const { user } of attempts) {
      const make = ['unshare', ...(user && neighbour === undefined ? ['--map-root-user'] : []), '--net']
      // Two networks can be linked only if they belong to one user namespace.
      const before = user && neighbour !== undefined ? neighbour.#enter : []
      const [command = '', ...args] = [...before, ...make, 'sh', '-c', `echo ready; exec sleep ${holdSeconds}`]
      const holder = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] })
      const reason = await started(holder)
      if (reason !== undefined) {
        reasons.push(reason)
        continue
      }
      const credentials = user ? ['--user', '--preserve-credentials'] : []
      const namespace = new Namespace(holder, ['nsenter', '--target', String(holder.pid), ...credentials, '--net'], ip)
      await namespace.ip('link', 'set', 'lo', 'up')
      return namespace
    }
    throw new Error(
      `this test needs network namespaces, and they cannot be made here (${reasons.join('; ')}): run it as root with ` +
        'CAP_SYS_ADMIN and CAP_NET_ADMIN, or allow user namespaces (sysctl kernel.unprivileged_userns_clone=1)',
    )
  }

  /** A process in the namespace, as one sees it from outside. */
  get pid(): number {
    return this.#holder.pid ?? 0
  }

  /** Runs `ip` inside. */
  async ip(...args: readonly string[]): Promise<void> {
    const [command = '', ...rest] = [...this.#enter, this.#ip, ...args]
    await execute(command, rest, { timeout: commandMs })
  }

  /** Sets one of the network's own, as `net/ipv4/tcp_retries2`. */
  async sysctl(key: string, value: string): Promise<void> {
    const write = ['sh', '-c', 'printf %s "$2" > "/proc/sys/$1"', 'sh', key, value]
    const [command = '', ...rest] = [...this.#enter, ...write]
    await execute(command, rest, { timeout: commandMs })
  }

  /** One link: `here` and `there` are the addresses of its ends, `10.0.0.1/30`. */
  async link(name: string, here: string, other: Namespace, there: string): Promise<void> {
    await this.ip('link', 'add', name, 'type', 'veth', 'peer', 'name', name, 'netns', String(other.pid))
    for (const [namespace, address] of [
      [this, here],
      [other, there],
    ] as const) {
      await namespace.ip('address', 'add', address, 'dev', name)
      await namespace.ip('link', 'set', name, 'up')
    }
  }

  /** Starts a program inside, and resolves once it has written a line. It ends with the namespace. */
  async start(program: string, ...args: readonly string[]): Promise<ChildProcess> {
    const [command = '', ...rest] = [...this.#enter, program, ...args]
    const child = spawn(command, rest, { stdio: ['pipe', 'pipe', 'pipe'] })
    const reason = await started(child)
    if (reason !== undefined) throw new Error(`${program} ${args.join(' ')} did not start: ${reason}`)
    this.#children.add(child)
    return child
  }

  async close(): Promise<void> {
    const all = [...this.#children, this.#holder].filter(
      (child) => child.exitCode === null && child.signalCode === null,
    )
    const gone = all.map((child) => once(child, 'exit'))
    for (const child of all) child.kill('SIGKILL')
    await Promise.all(gone)
  }
}

/** Why it ended before its first line; undefined once that came. */
async function started(child: ChildProcess): Promise<string | undefined> {
  let errors = ''
  child.stderr?.on('data', (chunk) => {
    errors = `${errors}${chunk}`.slice(-2_000)
  })
  const ended = once(child, 'exit').then(
    ([code, signal]) => errors.trim() || `it ended with ${code ?? signal}`,
    (error: Error) => error.message,
  )
  const spoke = child.stdout === null ? Promise.resolve([]) : once(child.stdout, 'data')
  return await Promise.race([ended, spoke.then(() => undefined)])
}
