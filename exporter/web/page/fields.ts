/** Reads JSON values whose shape another part of the program decides: what is missing reads as empty, never throws. */
import { list, text } from '../../core/json.ts'

export function texts(value: unknown): readonly string[] {
  return list(value).map(text)
}

export function count(value: unknown): number {
  return typeof value === 'number' && Number.isFinite(value) ? value : 0
}

/** ms since the epoch of an RFC 3339 time; undefined where there is none. */
export function timeMs(value: unknown): number | undefined {
  const ms = Date.parse(text(value))
  return Number.isNaN(ms) ? undefined : ms
}
