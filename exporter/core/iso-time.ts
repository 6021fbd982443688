/** The last time that a Date can hold (ECMA-262 21.4.1.1). */
export const maxTimeMs = 8.64e15

/** RFC 3339 in UTC of a time in ms since the epoch; null where there is none, or none that a date can hold. */
export function isoTime(ms: number | undefined): string | null {
  const date = new Date(ms ?? Number.NaN)
  return Number.isNaN(date.getTime()) ? null : date.toISOString()
}
