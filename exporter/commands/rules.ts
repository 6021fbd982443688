import { parseSettings, SettingError } from '../../alerts/config.ts'
import { type RuleFormat, renderRules } from '../../alerts/render.ts'

/** The alert pack on standard output. Exit code 0, or 1 with a line on standard error for every fault of `assignments`. */
export function printRules(format: RuleFormat, assignments: readonly string[]): number {
  try {
    process.stdout.write(renderRules(parseSettings(assignments), format))
    return 0
  } catch (error) {
    if (!(error instanceof SettingError)) throw error
    process.stderr.write(`${error.message}\n`)
    return 1
  }
}
