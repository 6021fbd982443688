import { existsSync } from 'node:fs'
import { copyFile, open, readFile, rename } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import type { Tool } from './find.ts'

/** A command, and the folder it must be started in (absent: any). */
export interface Runnable {
  readonly command: string
  readonly env: Readonly<Record<string, string>>
  readonly cwd?: string
}

/**
 * Debian's Alertmanager reads its own templates from a folder below /usr/share that is part of the program. Where the
 * package is only unpacked, this gives a copy of the program that reads them from its working directory instead.
 * `shared` is that absolute folder.
 */
export async function relocate(tool: Tool, shared: string): Promise<Runnable> {
  const unpacked = resolve(dirname(tool.command), '../..', shared.slice(1))
  if (existsSync(shared) || !existsSync(unpacked)) return tool
  const command = `${tool.command}-relocated`
  if (!existsSync(command)) await rewrite(tool.command, command, Buffer.from(shared))
  return { ...tool, command, cwd: unpacked }
}

async function rewrite(from: string, to: string, shared: Buffer): Promise<void> {
  const relative = Buffer.from('./'.repeat(shared.length).slice(0, shared.length)) // a string keeps its length
  const program = await readFile(from)
  const draft = join(dirname(to), `.relocated-${process.pid}`)
  await copyFile(from, draft)
  const file = await open(draft, 'r+')
  try {
    let found = 0
    for (let at = program.indexOf(shared); at !== -1; at = program.indexOf(shared, at + 1)) {
      await file.write(relative, 0, relative.length, at)
      found += 1
    }
    if (found === 0) throw new Error(`${from} does not hold the path ${String(shared)}: it needs no relocation`)
  } finally {
    await file.close()
  }
  await rename(draft, to) // whole or not at all, whoever else makes it too
}
