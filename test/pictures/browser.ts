import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import puppeteer, { type Browser } from 'puppeteer-core'
import { findTool } from '../tools/find.ts'

const flags = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--hide-scrollbars',
]

/** A browser with a profile of its own that knows nothing; `await using` ends it and forgets the profile. */
export async function openBrowser(): Promise<AsyncDisposable & { readonly browser: Browser }> {
  const { command, env } = await findTool('chromium')
  const profile = await mkdtemp(join(tmpdir(), 'chromium-'))
  const forget = () => rm(profile, { recursive: true, force: true, maxRetries: 5 })
  try {
    const browser = await puppeteer.launch({
      executablePath: command,
      args: flags,
      userDataDir: profile,
      env: { ...process.env, ...env },
      timeout: 30_000,
    })
    return {
      browser,
      [Symbol.asyncDispose]: async () => {
        await browser.close()
        await forget()
      },
    }
  } catch (error) {
    await forget()
    throw error
  }
}
