import { readFileSync } from 'node:fs'
import { findPackageJSON } from 'node:module'

/** Of package.json, which stands above both the sources and the compiled files. */
export const version: string = readVersion()

function readVersion(): string {
  const path = findPackageJSON(import.meta.url)
  if (path === undefined) return 'unknown'
  const { version: text } = JSON.parse(readFileSync(path, 'utf8')) as { version?: string }
  return text ?? 'unknown'
}
