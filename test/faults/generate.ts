/** Writes docs/faults.md; with --check it writes nothing and fails where that is stale. */
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { documentPath, renderDocument } from './document.ts'

const path = fileURLToPath(new URL(`../../${documentPath}`, import.meta.url))
const text = renderDocument()
const current = await readFile(path, 'utf8').catch(() => undefined)
const check = process.argv.includes('--check')
if (current !== text) {
  if (!check) {
    await mkdir(dirname(path), { recursive: true })
    await writeFile(path, text)
  }
  process.stderr.write(`${documentPath} ${check ? 'is stale: run node test/faults/generate.ts' : 'written'}\n`)
  process.exitCode = check ? 1 : 0
}
