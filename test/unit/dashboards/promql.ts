/** As much of PromQL as the rules of the linter need: selectors, and what is around them. */

export interface Selector {
  readonly metric: string
  /** `label`, operator and value of each matcher. */
  readonly matchers: readonly { readonly label: string; readonly operator: string; readonly value: string }[]
  /** What stands between `[` and `]`. */
  readonly range: string | undefined
  /** The function that takes it directly. */
  readonly caller: string | undefined
}

const words = new Set(
  [
    'and or unless on by without group_left group_right bool offset sum max min count time vector round rate increase',
    'resets max_over_time min_over_time last_over_time label_replace histogram_quantile',
  ].flatMap((line) => line.split(' ')),
)

/** Every metric that an expression asks for. */
export function selectorsOf(expression: string): Selector[] {
  // Lists of labels and strings hold words that are no metrics.
  const bare = expression.replaceAll(/\b(by|without|on|group_left|group_right) \([^)]*\)/g, (list) =>
    ' '.repeat(list.length),
  )
  const found: Selector[] = []
  const selector = /(?<![\w"$:[])([a-zA-Z_:][\w:]*)(\{(?:[^}"]|"(?:[^"\\]|\\.)*")*\})?(\[[^\]]+\])?/g
  for (const match of withoutStrings(bare).matchAll(selector)) {
    const [whole, metric = ''] = match
    if (words.has(metric) || /^\s*\(/.test(bare.slice(match.index + whole.length))) continue
    const text = bare.slice(match.index, match.index + whole.length)
    const range = /\[([^\]]+)\]$/.exec(text)?.[1]
    const matchers = [...text.matchAll(/(\w+)(=~|!~|!=|=)"((?:[^"\\]|\\.)*)"/g)].map(
      ([, label = '', operator = '', value = '']) => ({ label, operator, value }),
    )
    found.push({ metric, matchers, range, caller: /(\w+)\(\s*$/.exec(bare.slice(0, match.index))?.[1] })
  }
  return found
}

/** Of the same length, so that places stay; what stands in braces keeps its quotes. */
function withoutStrings(text: string): string {
  return text.replaceAll(/"((?:[^"\\]|\\.)*)"/g, (string) => `"${'_'.repeat(string.length - 2)}"`)
}
