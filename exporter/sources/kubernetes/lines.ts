/** Cuts a byte stream into lines without ever holding more than one unfinished line. */
export class LineSplitter {
  readonly #limit: number
  #parts: Buffer[] = []
  #length = 0

  /** `limit`: longest line in bytes. */
  constructor(limit: number) {
    this.#limit = limit
  }

  /** The lines that `chunk` completes. Throws a RangeError where an unfinished line grows beyond the limit. */
  *push(chunk: Buffer): Generator<string> {
    let from = 0
    for (let end = chunk.indexOf(10, from); end !== -1; end = chunk.indexOf(10, from)) {
      const line = this.#complete(chunk.subarray(from, end))
      from = end + 1
      if (line.trim() !== '') yield line
    }
    this.#keep(chunk.subarray(from))
  }

  #complete(last: Buffer): string {
    this.#check(last.length)
    if (this.#parts.length === 0) return last.toString()
    this.#parts.push(last)
    const line = Buffer.concat(this.#parts).toString()
    this.#parts = []
    this.#length = 0
    return line
  }

  #keep(part: Buffer): void {
    this.#check(part.length)
    if (part.length === 0) return
    this.#parts.push(part)
    this.#length += part.length
  }

  #check(more: number): void {
    if (this.#length + more > this.#limit) throw new RangeError(`a line is longer than ${this.#limit} bytes`)
  }
}
