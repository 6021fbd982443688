/** Values as Grafana writes them, for the units that boards use. */

/** `scale`: seconds of the story in one second of play. `nowMs`: the end of the picture. */
export interface Clockwork {
  readonly scale: number
  readonly nowMs: number
}

export function formatValue(value: number, unit: string, { scale, nowMs }: Clockwork): string {
  switch (unit) {
    case 'percentunit':
      return `${Math.round(value * 100)}%`
    case 's':
      return duration(value * scale)
    case 'dateTimeFromNow':
      return `${duration(((nowMs - value) / 1_000) * scale)} ago`
    default:
      return String(Math.round(value * 100) / 100)
  }
}

function duration(seconds: number): string {
  if (seconds < 90) return `${Math.round(seconds)} s`
  if (seconds < 90 * 60) return `${(seconds / 60).toFixed(1)} min`
  return `${(seconds / 3_600).toFixed(1)} hours`
}

/** `4:30` */
export function clockTime(storyMs: number): string {
  const seconds = Math.round(storyMs / 1_000)
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`
}

export function escapeText(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;')
}
