import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'

const execute = promisify(execFile)

/** A picture of a page, by the chromium on PATH. */
export async function photograph(html: string, file: string, width: number, height: number): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'picture-'))
  try {
    const page = join(folder, 'page.html')
    await writeFile(page, html)
    const quiet = ['--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync']
    const flags = ['--headless', '--no-sandbox', '--disable-gpu', '--hide-scrollbars', ...quiet]
    await execute(
      'chromium',
      [
        ...flags,
        `--user-data-dir=${join(folder, 'profile')}`,
        `--window-size=${width},${height}`,
        `--screenshot=${resolve(file)}`,
        `file://${page}`,
      ],
      { timeout: 60_000 },
    ).catch((cause: NodeJS.ErrnoException) => {
      if (cause.code === 'ENOENT')
        throw new Error('chromium is not on PATH: install the Debian package chromium', { cause })
      throw cause
    })
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
