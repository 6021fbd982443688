/** Reads JSON values whose shape others decide: what is missing, or is something else, reads as empty. Nothing throws. */

export type Fields = Readonly<Record<string, unknown>>

/** A list is one too. */
export function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null
}

export function fields(value: unknown): Fields {
  return isObject(value) ? value : {}
}

/** An object with keys, and no list. */
export function isMap(value: unknown): value is Fields {
  return isObject(value) && !Array.isArray(value)
}

export function map(value: unknown): Fields {
  return isMap(value) ? value : {}
}

export function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}

export function text(value: unknown): string {
  return typeof value === 'string' ? value : ''
}
