/** Style, script and icon of the pages. Their names hold a hash of what is in them, so browsers keep them for ever. */
import { createHash } from 'node:crypto'
import { icon } from './icon.ts'
import { script } from './script.ts'
import { style } from './style.ts'

export type AssetName = 'page.css' | 'page.js' | 'icon.svg'

export interface Asset {
  readonly type: string
  readonly text: string
  readonly hash: string
}

export interface Assets {
  readonly byName: Readonly<Record<AssetName, Asset>>
  /** Changes when any of them does. */
  readonly tag: string
}

export function createAssets(): Assets {
  const byName = {
    'page.css': asset('text/css; charset=utf-8', style),
    'page.js': asset('text/javascript; charset=utf-8', script),
    'icon.svg': asset('image/svg+xml', icon),
  }
  return {
    byName,
    tag: hashOf(
      Object.values(byName)
        .map(({ hash }) => hash)
        .join(),
    ),
  }
}

/** `assets/0123456789ab/page.css`, from the root. */
export function assetPath({ byName }: Assets, name: AssetName): string {
  return `assets/${byName[name].hash}/${name}`
}

function asset(type: string, text: string): Asset {
  return { type, text, hash: hashOf(text) }
}

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 12)
}
