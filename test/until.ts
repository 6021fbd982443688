/** So long that a machine which has no CPU to give does not end a wait. */
const patienceMs = 30_000

export interface Patience {
  readonly limitMs?: number
  readonly everyMs?: number
}

/** Waits until `probe` holds; tells what was waited for where it never does. */
export async function until(
  what: string,
  probe: () => boolean | Promise<boolean>,
  { limitMs = patienceMs, everyMs = 2 }: Patience = {},
): Promise<void> {
  const end = performance.now() + limitMs
  while (!(await probe())) {
    if (performance.now() > end) throw new Error(`waited ${limitMs} ms in vain: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, everyMs))
  }
}
