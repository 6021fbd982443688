/** `10 %` of 0.1, as descriptions write the alerts' thresholds. */
export function percent(share: number): string {
  return `${Math.round(share * 100)} %`
}
