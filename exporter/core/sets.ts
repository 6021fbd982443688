/** Set arithmetic on strings. Results are sorted, so that two runs over the same sets give the same text. */

export interface SetDifference {
  readonly added: readonly string[]
  readonly removed: readonly string[]
}

export function diffSets(before: Iterable<string>, after: Iterable<string>): SetDifference {
  const old = new Set(before)
  const now = new Set(after)
  return {
    added: [...now].filter((member) => !old.has(member)).sort(),
    removed: [...old].filter((member) => !now.has(member)).sort(),
  }
}

export function sameMembers(left: readonly string[], right: readonly string[]): boolean {
  const { added, removed } = diffSets(left, right)
  return added.length === 0 && removed.length === 0
}
