import { randomUUID } from 'node:crypto'
import { rm, stat, writeFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { messageOf } from '../core/errors.ts'
import type { Failure } from '../core/poll.ts'

/**
 * What keeps the state file from being written to the folder, by writing a file there and removing it; a folder that is
 * not there yet is not made: what counts is whether it could be. Undefined where nothing does.
 */
export async function tryStorage(folder: string): Promise<Failure | undefined> {
  try {
    const probe = join(await nearest(resolve(folder)), `.elb-churn-exporter-${randomUUID()}`)
    try {
      await writeFile(probe, '', { flag: 'wx' })
    } finally {
      await rm(probe, { force: true })
    }
    return undefined
  } catch (error) {
    const why = messageOf(error)
    const who = `uid ${process.getuid?.() ?? '?'}, gid ${process.getgid?.() ?? '?'}`
    return { reason: 'denied', message: `${why} (as ${who}); mount a volume there, or set fsGroup or its owner` }
  }
}

/** The folder, or the first of those above it that is there. */
async function nearest(folder: string): Promise<string> {
  try {
    const found = await stat(folder)
    if (!found.isDirectory()) throw new Error(`${folder} is not a directory`)
    return folder
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || dirname(folder) === folder) throw error
    return await nearest(dirname(folder))
  }
}
