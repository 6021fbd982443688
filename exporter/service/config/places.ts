import { type Document, isMap, isNode, isScalar, isSeq, type LineCounter, type Node } from 'yaml'
import type { Path } from './fault.ts'

export interface Place {
  readonly line: number
  readonly col: number
}

/** Where a path of the config stands in its file, 1-based. */
export class Places {
  readonly #document: Document
  readonly #lines: LineCounter

  constructor(document: Document, lines: LineCounter) {
    this.#document = document
    this.#lines = lines
  }

  /** The nearest place that exists: a missing key is told at the map that lacks it. */
  of(path: Path, atKey: boolean): Place {
    let node: unknown = this.#document.contents
    let offset = isNode(node) ? startOf(node) : 0
    for (const [depth, step] of path.entries()) {
      const found = child(node, step, this.#document)
      if (found === undefined) break
      const last = depth === path.length - 1
      offset = startOf(last && atKey ? found.key : (found.value ?? found.key)) ?? offset
      node = found.value
    }
    const { line, col } = this.#lines.linePos(offset ?? 0)
    return { line: Math.max(1, line), col: Math.max(1, col) }
  }
}

function startOf(node: Node | undefined): number | undefined {
  return node?.range?.[0]
}

function child(node: unknown, step: string | number, document: Document): { key?: Node; value?: Node } | undefined {
  const target = isNode(node) && 'resolve' in node && typeof node.resolve === 'function' ? node.resolve(document) : node
  if (isSeq(target) && typeof step === 'number') {
    const item = target.items[step]
    return isNode(item) ? { value: item } : undefined
  }
  if (!isMap(target)) return undefined
  const pair = target.items.find(({ key }) => (isScalar(key) ? String(key.value) : key) === String(step))
  if (pair === undefined) return undefined
  return { ...(isNode(pair.key) && { key: pair.key }), ...(isNode(pair.value) && { value: pair.value }) }
}
