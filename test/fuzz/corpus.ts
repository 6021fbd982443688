import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { FuzzTarget } from './target.ts'

/** The inputs that are kept in the tree: one folder a target. */
export const corpusFolder = join(import.meta.dirname, 'corpus')

/** Seeds and kept inputs, each with a name that a message can give. */
export async function knownInputs({ name, seeds }: FuzzTarget): Promise<ReadonlyMap<string, Buffer>> {
  const folder = join(corpusFolder, name)
  const files = await readdir(folder).catch(() => [])
  const kept = await Promise.all(files.sort().map(async (file) => [file, await readFile(join(folder, file))] as const))
  return new Map([...seeds().map((seed, index) => [`seed ${index}`, seed] as const), ...kept])
}
