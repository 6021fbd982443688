/** Least squares: how much `values` grow for each step of `times`. 0 where there is nothing to tell from. */
export function slope(times: readonly number[], values: readonly number[]): number {
  const count = times.length
  const meanTime = mean(times)
  const meanValue = mean(values)
  let above = 0
  let below = 0
  for (let index = 0; index < count; index += 1) {
    const aside = (times[index] ?? 0) - meanTime
    above += aside * ((values[index] ?? 0) - meanValue)
    below += aside * aside
  }
  return below === 0 ? 0 : above / below
}

function mean(values: readonly number[]): number {
  return values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length
}
