/**
 * Joins the parts of a text while they arrive, in memory that serves the next text too: buffers of their own for 50,000
 * objects of 25 KB are garbage outside of the heap, which is let go late.
 */
const firstBytes = 64 * 1024
/** What a rare large text took is given back. */
const keptBytes = 1024 * 1024

export class Assembly {
  #bytes = Buffer.allocUnsafeSlow(firstBytes)
  #length = 0

  /** In bytes. */
  get length(): number {
    return this.#length
  }

  add(part: Buffer): void {
    const length = this.#length + part.length
    if (length > this.#bytes.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(length, 2 * this.#bytes.length))
      this.#bytes.copy(larger, 0, 0, this.#length)
      this.#bytes = larger
    }
    part.copy(this.#bytes, this.#length)
    this.#length = length
  }

  /** The text, of which nothing is kept. */
  take(): string {
    const text = this.#bytes.toString('utf8', 0, this.#length)
    this.#length = 0
    if (this.#bytes.length > keptBytes) this.#bytes = Buffer.allocUnsafeSlow(firstBytes)
    return text
  }
}
