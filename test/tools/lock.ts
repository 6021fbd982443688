import { spawn } from 'node:child_process'
import { once } from 'node:events'

/**
 * Runs `work` while no other process holds the lock on `file`. The kernel keeps the lock (flock(1) of util-linux, which
 * every Debian has), so that a test process that is killed leaves none behind.
 * Throws when the lock is not free within `waitMs`.
 */
export async function withLock<T>(file: string, waitMs: number, work: () => Promise<T>): Promise<T> {
  // The holder ends with its stdin, and so with this process, however that ends.
  const holder = spawn('flock', ['--timeout', String(waitMs / 1000), file, 'sh', '-c', 'echo held; exec cat'], {
    stdio: ['pipe', 'pipe', 'ignore'],
  })
  const ended = once(holder, 'exit')
  try {
    const [first] = await Promise.race([once(holder.stdout, 'data'), ended])
    if (String(first).trim() !== 'held') {
      throw new Error(`The lock ${file} was not free within ${waitMs / 1000} s: another process still holds it.`)
    }
    return await work()
  } finally {
    holder.stdin.end()
    await ended.catch(() => undefined) // an `error` event (no flock here) was thrown above
  }
}
