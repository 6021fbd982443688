import type { ErrorObject } from 'ajv'
import type { Fault } from './fault.ts'
import { formats } from './formats.ts'
import { redactRefused } from './redact.ts'

/** A fault of the schema in words for the person who wrote the file. */
export function describe(error: ErrorObject): Fault {
  const path = error.instancePath.split('/').slice(1).map(unescapePointer).map(asStep)
  if (error.keyword === 'additionalProperties') {
    const key = String(error.params.additionalProperty)
    const known = Object.keys((error.parentSchema?.properties ?? {}) as object)
    return { path: [...path, key], atKey: true, message: `unknown key; known here: ${known.join(', ')}` }
  }
  if (error.keyword === 'required')
    return { path: [...path, String(error.params.missingProperty)], message: 'is missing' }
  return { path, message: inWords(error) }
}

function inWords({ keyword, params, schema, data, message }: ErrorObject): string {
  const shown = redactRefused(JSON.stringify(data))
  switch (keyword) {
    case 'type':
      return `must be ${kinds[String(params.type)] ?? params.type}, is ${kindOf(data)}`
    case 'enum':
      return `${shown} must be one of ${(schema as string[]).join(', ')}`
    case 'format':
      return `${shown} ${formats[String(params.format)]?.(String(data)) ?? 'is not valid'}`
    case 'pattern':
      return `${shown} does not look like ${schema}`
    case 'uniqueItems':
      return `items ${params.j} and ${params.i} are the same`
    case 'minItems':
      return 'must not be empty'
    case 'minLength':
      return 'must not be empty'
    default:
      return message ?? `does not satisfy ${keyword}`
  }
}

const kinds: Readonly<Record<string, string>> = {
  array: 'a list',
  object: 'a map',
  string: 'text',
  boolean: 'true or false',
  integer: 'a whole number',
}

function kindOf(data: unknown): string {
  if (data === null) return 'empty'
  if (Array.isArray(data)) return 'a list'
  if (typeof data === 'object') return 'a map'
  return typeof data === 'string' ? 'text' : `${data}`
}

/** RFC 6901, section 4. */
function unescapePointer(token: string): string {
  return token.replaceAll('~1', '/').replaceAll('~0', '~')
}

function asStep(token: string): string | number {
  return /^\d+$/.test(token) ? Number(token) : token
}
