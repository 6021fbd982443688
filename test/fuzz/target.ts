/**
 * What a fuzzer drives: bytes from somebody who is not trusted go in, and an `assert` fails where a promise is broken. The
 * same targets run under the corpus test, the packet storm and the coverage-guided fuzzer.
 */
export interface FuzzTarget {
  readonly name: string
  /** Inputs that get past the first checks, to start from. */
  seeds(): readonly Buffer[]
  /** Throws (or rejects) only where the program breaks a promise; what it refuses is fine. */
  run(data: Buffer): void | Promise<void>
  /** Frees what `run` opened. */
  close?(): Promise<void>
}

/** The bytes after the first, cut into pieces whose size the first byte chooses: 1 to 256. */
export function pieces(data: Buffer): { readonly whole: Buffer; readonly chunks: readonly Buffer[] } {
  const size = (data[0] ?? 0) + 1
  const whole = data.subarray(1)
  const chunks = []
  for (let from = 0; from < whole.length; from += size) chunks.push(whole.subarray(from, from + size))
  return { whole, chunks }
}
