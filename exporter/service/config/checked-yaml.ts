/** A YAML file checked whole: every fault at once, each with its place. */
import { isUtf8 } from 'node:buffer'
import { readFile } from 'node:fs/promises'
import { Ajv, type AnySchema, type ErrorObject } from 'ajv'
import { type Document, LineCounter, parseDocument, visit } from 'yaml'
import { messageOf } from '../../core/errors.ts'
import { describe } from './describe.ts'
import type { Fault, Path } from './fault.ts'
import { formats } from './formats.ts'
import { Places } from './places.ts'
import { redactText } from './redact.ts'

/** Larger files are no config: a bound on what one mistake can cost. */
const maxBytes = 4 * 1024 * 1024

/**
 * Thrown with one line for each fault, `FILE:LINE:COL: path: what is wrong`. The path is `(file)` where that is meant as a
 * whole, and `(yaml)` where it cannot be read so far that it has paths.
 */
export class ConfigError extends Error {
  readonly faults: readonly string[]

  constructor(faults: readonly string[]) {
    super(faults.join('\n'))
    this.name = 'ConfigError'
    this.faults = faults
  }
}

/** Throws `ConfigError`. */
export async function readText(path: string): Promise<string> {
  let bytes: Buffer
  try {
    bytes = await readFile(path)
  } catch (error) {
    throw new ConfigError([
      `${path}:1:1: (file): cannot be read: ${(error as NodeJS.ErrnoException).code ?? String(error)}`,
    ])
  }
  const text = bytes.toString('utf8')
  if (!isUtf8(bytes)) throw new ConfigError([notUtf8(text, path)])
  return text
}

/** Whatever is no UTF-8 would become a replacement character in a name, and be watched as such. */
function notUtf8(text: string, path: string): string {
  const before = text.slice(0, Math.max(0, text.indexOf('\uFFFD'))).split('\n')
  return `${path}:${before.length}:${(before.at(-1) ?? '').length + 1}: (file): is not text in UTF-8`
}

/** The value of a YAML text in which `check` finds no fault; `name` stands in the faults. Throws `ConfigError`. */
export function readChecked(text: string, name: string, check: (value: unknown) => readonly Fault[]): unknown {
  if (text.length > maxBytes) throw new ConfigError([`${name}:1:1: (file): is larger than ${maxBytes} bytes`])
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, logLevel: 'error' })
  if (document.errors.length > 0) {
    throw new ConfigError(
      document.errors.map(
        ({ pos, code, message }) => `${name}:${position(lines, pos[0])}: (yaml): ${syntaxFault(code, message)}`,
      ),
    )
  }
  const alias = findBadAlias(document)
  if (alias !== undefined) throw new ConfigError([`${name}:${position(lines, alias.offset)}: (yaml): ${alias.fault}`])
  const places = new Places(document, lines)
  const value = toPlain(() => document.toJS({ maxAliasCount: 100 }), name)
  const faults = check(value)
  if (faults.length > 0) throw new ConfigError(tell(faults, name, places))
  return value
}

/** The YAML library quotes what it stumbled over behind a colon, which may be a password; the place is told anyway. */
function syntaxFault(code: string, message: string): string {
  // Its advice is for programmers.
  if (code === 'MULTIPLE_DOCS') return 'a second document begins here: put all into one'
  return message.split(/: |"|\n/)[0] ?? ''
}

/**
 * An alias without its anchor, or within it, which YAML allows: a value without an end. Its name is not told: it may be a
 * password that somebody wrote with a star in front.
 */
function findBadAlias(document: Document): { readonly fault: string; readonly offset: number } | undefined {
  let found: { fault: string; offset: number } | undefined
  visit(document, {
    Alias(_key, node, path) {
      const named = node.resolve(document)
      if (named !== undefined && !path.includes(named)) return undefined
      const fault =
        named === undefined ? 'no anchor above has the name of this alias' : 'this alias is part of what it names'
      found = { fault, offset: node.range?.[0] ?? 0 }
      return visit.BREAK
    },
  })
  return found
}

/** Fills the defaults of the schema into `value` as it goes. */
export function checkShape(schema: AnySchema, value: unknown): Fault[] {
  const ajv = new Ajv({ allErrors: true, useDefaults: true, strict: true, verbose: true })
  for (const [name, format] of Object.entries(formats)) {
    ajv.addFormat(name, { type: 'string', validate: (text: string) => format(text) === undefined })
  }
  const validate = ajv.compile(schema)
  if (validate(value)) return []
  return (validate.errors ?? []).map((error: ErrorObject) => describe(error))
}

function toPlain(read: () => unknown, name: string): unknown {
  try {
    return read() ?? {}
  } catch (error) {
    throw new ConfigError([`${name}:1:1: (yaml): ${messageOf(error)}`])
  }
}

function tell(faults: readonly Fault[], name: string, places: Places): string[] {
  const placed = faults.map((fault) => ({ fault, place: places.of(fault.path, fault.atKey === true) }))
  placed.sort((left, right) => left.place.line - right.place.line || left.place.col - right.place.col)
  return placed.map(({ fault, place }) => {
    const path = formatPath(fault.shown ?? fault.path)
    return `${name}:${place.line}:${place.col}: ${path === '' ? '(file)' : path}: ${fault.message}`
  })
}

/** `clusters[0].dns.names[1].hostname`; a URL becomes a key where the blank behind a colon was left out. */
function formatPath(path: Path): string {
  return path
    .map((step) => (typeof step === 'number' ? `[${step}]` : `.${redactText(step)}`))
    .join('')
    .replace(/^\./, '')
}

function position(lines: LineCounter, offset: number): string {
  const { line, col } = lines.linePos(offset)
  return `${Math.max(1, line)}:${Math.max(1, col)}`
}
