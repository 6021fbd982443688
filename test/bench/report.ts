/** The one table at the end. Pure. */

/** What a figure is held against. */
export type Against =
  | { readonly kind: 'at_most'; readonly value: number }
  | { readonly kind: 'at_least'; readonly value: number }
  /** Somebody else's figure for the same work in the same run. */
  | { readonly kind: 'peer'; readonly name: string; readonly value: number }

export interface Row {
  readonly part: string
  readonly name: string
  readonly value: number
  readonly unit: string
  readonly against?: Against
}

export type Verdict = 'ok' | 'MISSED' | ''

export interface JudgedRow extends Row {
  /** The figure as a multiple of what it is held against. */
  readonly ratio?: number
  readonly verdict: Verdict
}

export function judge(row: Row): JudgedRow {
  const { against } = row
  if (against === undefined) return { ...row, verdict: Number.isFinite(row.value) ? '' : 'MISSED' }
  const ratio = row.value / against.value
  return { ...row, ...(Number.isFinite(ratio) ? { ratio } : {}), verdict: verdictOf(row.value, against) }
}

/** A figure that is no number meets no goal. */
function verdictOf(value: number, against: Against): Verdict {
  if (!Number.isFinite(value)) return 'MISSED'
  if (against.kind === 'peer') return ''
  const met = against.kind === 'at_most' ? value <= against.value : value >= against.value
  return met ? 'ok' : 'MISSED'
}

const headings = ['part', 'name', 'figure', 'goal or peer', 'ratio', '']

export function table(rows: readonly JudgedRow[]): string {
  const lines = rows.map((row) => [
    row.part,
    row.name,
    `${figure(row.value)} ${row.unit}`.trimEnd(),
    againstText(row),
    row.ratio === undefined ? '' : figure(row.ratio),
    row.verdict,
  ])
  const widths = headings.map((heading, column) =>
    Math.max(heading.length, ...lines.map((cells) => cells[column]?.length ?? 0)),
  )
  const rule = widths.map((width) => '-'.repeat(width))
  return [headings, rule, ...lines]
    .map((cells) => cells.map((cell, column) => pad(cell, widths[column] ?? 0, column)).join('  '))
    .map((line) => `${line.trimEnd()}\n`)
    .join('')
}

const numbersFrom = 2
const numbersTo = 4

function pad(cell: string, width: number, column: number): string {
  return column >= numbersFrom && column <= numbersTo ? cell.padStart(width) : cell.padEnd(width)
}

function againstText({ against, unit }: Row): string {
  if (against === undefined) return ''
  const sign = { at_most: '≤', at_least: '≥' }
  return `${against.kind === 'peer' ? against.name : sign[against.kind]} ${figure(against.value)} ${unit}`.trimEnd()
}

/** Three digits that count, no more: the machine's noise is larger. */
function figure(value: number): string {
  if (!Number.isFinite(value)) return 'none'
  if (Math.abs(value) >= 100) return Math.round(value).toLocaleString('en')
  return String(Number(value.toPrecision(3)))
}
