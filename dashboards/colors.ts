/**
 * Colours that people who see few colours can tell apart (M. Okabe, K. Ito, "Color Universal Design",
 * https://jfly.uni-koeln.de/color/). No panel tells by colour alone: each state has its word or its line too.
 */
export const colors = {
  good: '#0072B2',
  warning: '#E69F00',
  critical: '#D55E00',
  light: '#56B4E9',
  green: '#009E73',
  purple: '#CC79A7',
  neutral: '#8E8E8E',
} as const

export interface Step {
  /** From this value on. */
  readonly from: number
  readonly color: string
}

/** Good below `warning`; both bounds are the alerts' own. */
export function levels(bounds: { readonly warning?: number; readonly critical?: number }): Step[] {
  return [
    ...(bounds.warning === undefined ? [] : [{ from: bounds.warning, color: colors.warning }]),
    ...(bounds.critical === undefined ? [] : [{ from: bounds.critical, color: colors.critical }]),
  ]
}
