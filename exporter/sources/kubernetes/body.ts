/** The bodies of answers: read within bounds of time and size, and as JSON. */
import type { Readable } from 'node:stream'
import { type Fields, isObject } from '../../core/json.ts'
import { type Asked, DeadlineError, describe, failureOfError, type KubernetesFailure } from './failures.ts'

/** Answers that cannot be read or are too large, as the collector's failure. */
export class AnswerError extends Error {
  readonly reason: 'malformed' | 'limit'

  constructor(reason: 'malformed' | 'limit', message: string) {
    super(message)
    this.reason = reason
  }
}

export function failureOfAnswer(asked: Asked, error: unknown): KubernetesFailure {
  if (error instanceof AnswerError) return { reason: error.reason, message: `${describe(asked)}: ${error.message}` }
  return failureOfError(asked, error)
}

export interface BodyBounds {
  readonly totalMs: number
  /** Longest silence; absent: that bound alone. */
  readonly idleMs?: number
  readonly bytes: number
}

/** Hands on each part as it comes. `what`: how errors call the body. */
export async function readBody(
  response: Readable,
  what: string,
  { totalMs, idleMs = totalMs, bytes }: BodyBounds,
  onPart: (part: Buffer) => void,
): Promise<void> {
  const end = (why: string) => response.destroy(new DeadlineError(`${what} ${why}`))
  const total = setTimeout(() => end(`took over ${totalMs} ms`), totalMs)
  const idle = setTimeout(() => end(`fell silent for ${idleMs} ms`), idleMs)
  let length = 0
  try {
    for await (const chunk of response) {
      const part = chunk as Buffer
      idle.refresh()
      onPart(part)
      length += part.length
      if (length > bytes) throw new AnswerError('limit', `${what} is larger than ${bytes} bytes`)
    }
  } finally {
    clearTimeout(total)
    clearTimeout(idle)
  }
}

export function parseObject(json: string): Fields {
  let value: unknown
  try {
    value = JSON.parse(json)
  } catch {
    throw new AnswerError('malformed', 'the answer is not JSON')
  }
  if (!isObject(value)) throw new AnswerError('malformed', 'the answer is not a JSON object')
  return value
}
