import { openBrowser } from './browser.ts'

/** A picture of a page as a PNG file. */
export async function photograph(html: string, path: string, width: number, height: number): Promise<void> {
  await using opened = await openBrowser()
  const page = await opened.browser.newPage()
  await page.setViewport({ width: Math.round(width), height: Math.round(height) })
  await page.setContent(html)
  await page.screenshot({ path, type: 'png' })
}
