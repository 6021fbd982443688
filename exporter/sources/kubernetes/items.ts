/**
 * Cuts the items out of a list while it arrives. A page of 100 nodes is 2.5 MB of text and 10 MB of objects; one node at
 * a time is garbage before it grows old, which keeps the memory of the process small and its pauses short.
 *
 * It only finds where items begin and end: brackets outside of strings. What is inside is JSON.parse's matter.
 */
import { Assembly } from './assembly.ts'

const quote = 0x22
const backslash = 0x5c
const openBracket = 0x5b
const closeBracket = 0x5d
const openBrace = 0x7b
const closeBrace = 0x7d
/** The list's object is at depth 1, its array of items at 2. */
const arrayDepth = 2

export class ItemSplitter {
  readonly #onItem: (json: string) => void
  /** The list without what is in its items: `{"kind":…,"metadata":{…},"items":[]}` */
  readonly #envelope: Buffer[] = []
  readonly #item = new Assembly()
  #depth = 0
  #inString = false
  #escaped = false
  #inItems = false

  constructor(onItem: (json: string) => void) {
    this.#onItem = onItem
  }

  push(chunk: Buffer): void {
    let from = 0
    for (let index = 0; index < chunk.length; index += 1) {
      const byte = chunk[index]
      if (this.#inString) {
        if (this.#escaped) this.#escaped = false
        else if (byte === backslash) this.#escaped = true
        else if (byte === quote) this.#inString = false
      } else if (byte === quote) {
        this.#inString = true
      } else if (byte === openBrace || byte === openBracket) {
        from = this.#open(chunk, from, index, byte)
      } else if (byte === closeBrace || byte === closeBracket) {
        from = this.#close(chunk, from, index)
      }
    }
    this.#keep(chunk.subarray(from))
  }

  /** The list without its items, once all has arrived. */
  envelope(): string {
    return Buffer.concat(this.#envelope).toString()
  }

  /** Returns where the part begins that is not yet kept. */
  #open(chunk: Buffer, from: number, index: number, byte: number): number {
    this.#depth += 1
    if (this.#inItems && this.#depth === arrayDepth + 1) return index
    if (this.#depth !== arrayDepth || byte !== openBracket) return from
    this.#keep(chunk.subarray(from, index))
    this.#inItems = /"items"\s*:\s*$/.test(this.envelope())
    return index
  }

  #close(chunk: Buffer, from: number, index: number): number {
    this.#depth -= 1
    if (!this.#inItems) return from
    if (this.#depth === arrayDepth) {
      this.#item.add(chunk.subarray(from, index + 1))
      this.#onItem(this.#item.take())
      return index + 1
    }
    if (this.#depth < arrayDepth) {
      this.#inItems = false
      this.#envelope.push(Buffer.from('[]'))
      return index + 1
    }
    return from
  }

  /** Commas between items are let go. */
  #keep(part: Buffer): void {
    if (part.length === 0) return
    if (!this.#inItems) this.#envelope.push(part)
    else if (this.#depth > arrayDepth) this.#item.add(part)
  }
}
