import type { Row } from './report.ts'
import type { Subject } from './subject.ts'

export interface PartDeps {
  readonly subject: Subject
  /** Progress for the person who waits; no part of the result. */
  say(text: string): void
}

/** One part of the bench, selected by its name on the command line. */
export interface Part {
  readonly name: string
  /** It ends within this, or is a failure. */
  readonly limitMs: number
  run(deps: PartDeps): Promise<Row[]>
}

export async function pause(ms: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, ms))
}
