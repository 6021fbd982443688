import { Assembly } from './assembly.ts'

/** Cuts a byte stream into lines without ever holding more than one unfinished line. */
export class LineSplitter {
  readonly #limit: number
  readonly #line = new Assembly()

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
    if (this.#line.length === 0) {
      this.#check(last.length)
      return last.toString()
    }
    this.#keep(last)
    return this.#line.take()
  }

  #keep(part: Buffer): void {
    this.#check(part.length)
    this.#line.add(part)
  }

  #check(more: number): void {
    if (this.#line.length + more > this.#limit) throw new RangeError(`a line is longer than ${this.#limit} bytes`)
  }
}
