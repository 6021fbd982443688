/** Writes the files that are made from the code; with --check it writes nothing and fails where one is stale. */
import { readFile, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { generatedFiles } from './generated-files.ts'

const check = process.argv.includes('--check')
let stale = 0
for (const [name, text] of generatedFiles()) {
  const path = fileURLToPath(new URL(name, new URL('../', import.meta.url)))
  const current = await readFile(path, 'utf8').catch(() => undefined)
  if (current === text) continue
  if (!check) await writeFile(path, text)
  process.stderr.write(`${name} ${check ? 'is stale: run npm run generate' : 'written'}\n`)
  stale++
}
process.exitCode = check && stale > 0 ? 1 : 0
