import { readdir, readFile, writeFile } from 'node:fs/promises'
import { findPackageJSON } from 'node:module'
import { dirname, join } from 'node:path'
import { defaultConfig } from '../../alerts/config.ts'
import { makeFolder } from '../service/make-folder.ts'

/** The boards as they are shipped. Exit code 0, or 1 with a line on standard error for what could not be written. */
export async function copyDashboards(out: string, runbookUrl?: string): Promise<number> {
  const { runbook_url: shipped } = defaultConfig
  if (runbookUrl !== undefined && !isUrl(runbookUrl)) {
    process.stderr.write(`--runbook-url ${runbookUrl}: is not a URL such as https://runbooks.example.com\n`)
    return 1
  }
  const folder = join(dirname(findPackageJSON(import.meta.url) ?? '.'), 'dashboards')
  try {
    await makeFolder(out)
    for (const name of (await readdir(folder)).filter((file) => file.endsWith('.json')).sort()) {
      const text = await readFile(join(folder, name), 'utf8')
      const path = join(out, name)
      await writeFile(path, text.replaceAll(shipped, runbookUrl?.replace(/\/+$/, '') ?? shipped))
      process.stdout.write(`${path}\n`)
    }
    return 0
  } catch (error) {
    process.stderr.write(`the dashboards could not be written to ${out}: ${(error as Error).message}\n`)
    return 1
  }
}

/** What a JSON string can hold as it is. */
function isUrl(text: string): boolean {
  return /^https?:$/.test(URL.parse(text)?.protocol ?? '') && !/["\\{}\s]/.test(text)
}
