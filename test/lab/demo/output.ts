/** The demo's lines: time of the wall, time of the story, who speaks, what. Plain text where stdout is no terminal. */
import { styleText } from 'node:util'

export interface Line {
  /** since the story began */
  readonly wallMs: number
  readonly storyMs: number
  readonly from: 'lab' | 'metrics' | 'pager'
  readonly text: string
}

const colours = { lab: 'yellow', metrics: 'cyan', pager: 'red' } as const
/** Where the text of a line begins. */
const textColumn = 26

export const header = '   wall   story'

export function renderLine({ wallMs, storyMs, from, text }: Line): string {
  const wall = `${(wallMs / 1_000).toFixed(1)}s`.padStart(7)
  const said = styleText(colours[from], text.replaceAll('\n', `\n${' '.repeat(textColumn)}`), {
    stream: process.stdout,
  })
  return `${wall} ${clockTime(storyMs).padStart(7)}  ${from.padEnd(7)}  ${said}`
}

export function bold(text: string): string {
  return styleText('bold', text, { stream: process.stdout })
}

/** `2:35`, as on a stopwatch. */
export function clockTime(ms: number): string {
  const seconds = Math.floor(ms / 1_000)
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`
}

/** `a, b and c` */
export function listed(items: readonly string[]): string {
  return items.length < 2 ? items.join('') : `${items.slice(0, -1).join(', ')} and ${items.at(-1)}`
}

export function plural(count: number, word: string): string {
  return `${count} ${word}${count === 1 ? '' : 's'}`
}
