/** Numbers that look random and are the same in every run with the same seed (Marsaglia's xorshift32, 2003). */
export class Random {
  #state: number

  /** `seed`: any integer but 0. */
  constructor(seed: number) {
    this.#state = seed >>> 0 || 1
  }

  /** 0 to `limit` - 1 */
  below(limit: number): number {
    let state = this.#state
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    this.#state = state >>> 0
    return this.#state % limit
  }
}

/** A copy of `seed` with up to eight edits: a byte set, a bit turned, a piece cut out, doubled or overwritten, the end lost. */
export function mutate(seed: Buffer, random: Random): Buffer {
  let bytes = Buffer.from(seed)
  for (let left = random.below(9); left > 0 && bytes.length > 0; left -= 1) bytes = edit(bytes, random)
  return bytes
}

function edit(bytes: Buffer<ArrayBuffer>, random: Random): Buffer<ArrayBuffer> {
  const at = random.below(bytes.length)
  const length = Math.min(1 + random.below(16), bytes.length - at)
  switch (random.below(7)) {
    case 0:
      bytes[at] = random.below(256)
      return bytes
    case 1:
      bytes[at] = (bytes[at] ?? 0) ^ (1 << random.below(8))
      return bytes
    case 2:
      bytes[at] = telling[random.below(telling.length)] ?? 0
      return bytes
    case 3:
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + length)])
    case 4:
      return Buffer.concat([bytes.subarray(0, at + length), bytes.subarray(at)])
    case 5:
      bytes.copyWithin(at, random.below(bytes.length))
      return bytes
    default:
      return Buffer.from(bytes.subarray(0, at))
  }
}

/** Bytes on which readers turn: ends, escapes, lengths, pointers of DNS, brackets of JSON, YAML and XML. */
const telling = [0, 1, 4, 16, 0x3f, 0x40, 0x7f, 0x80, 0xc0, 0xff, ...Buffer.from('\n "&*:<>[\\]{}')]
