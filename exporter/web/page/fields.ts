/** Reads JSON values whose shape another part of the program decides: what is missing reads as empty, never throws. */

export type Fields = Readonly<Record<string, unknown>>

export function fields(value: unknown): Fields {
  return typeof value === 'object' && value !== null ? (value as Fields) : {}
}

export function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}

export function text(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

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
