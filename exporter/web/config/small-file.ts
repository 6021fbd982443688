import { createHash } from 'node:crypto'
import { readFileSync, statSync } from 'node:fs'

/** Certificates and users in plenty; more than that is a mistake. */
const maxBytes = 1024 * 1024

export type SmallFile = { readonly ok: true; readonly text: string } | { readonly ok: false; readonly why: string }

/**
 * A small regular file, read at once: the answer to a request or a handshake hangs on it, and must not wait for threads
 * that others hold.
 */
export function readSmallFile(path: string): SmallFile {
  try {
    const found = statSync(path)
    if (!found.isFile()) return { ok: false, why: 'is no regular file' }
    if (found.size > maxBytes) return { ok: false, why: `is larger than ${maxBytes} bytes` }
    return { ok: true, text: readFileSync(path, 'utf8') }
  } catch (error) {
    return { ok: false, why: `cannot be read: ${(error as NodeJS.ErrnoException).code ?? String(error)}` }
  }
}

/** Differs as soon as one of the files was written, replaced, or removed; and the newest of those times. */
export function signatureOf(paths: readonly string[]): { readonly text: string; readonly newestMs: number } {
  let newestMs = 0
  const parts = paths.map((path) => {
    try {
      // Through symbolic links: Kubernetes swaps one to bring in a whole new folder.
      const found = statSync(path, { bigint: true })
      newestMs = Math.max(newestMs, Number(found.ctimeMs))
      return [found.dev, found.ino, found.size, found.mtimeNs, found.ctimeNs].join(':')
    } catch (error) {
      // Gone, behind a folder that may not be entered any more, a link to itself: a mark like any other.
      return (error as NodeJS.ErrnoException).code ?? 'unknown'
    }
  })
  return { text: parts.join(' '), newestMs }
}

/** Differs as soon as the content of one of the files does. */
export function digestOf(paths: readonly string[]): string {
  const hash = createHash('sha256')
  for (const path of paths) {
    const read = readSmallFile(path)
    const content = read.ok ? read.text : read.why
    hash.update(`${read.ok} ${content.length} `).update(content)
  }
  return hash.digest('base64')
}
