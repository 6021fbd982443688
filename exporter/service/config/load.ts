/**
 * Reads the config file: YAML, checked whole against the schema and then for what a schema cannot say. All faults are
 * told at once, each with its place, and a file with a fault changes nothing.
 */
import { readFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { Ajv, type ErrorObject } from 'ajv'
import { LineCounter, parseDocument } from 'yaml'
import { checkMeaning } from './checks.ts'
import { type Config, type ConfigFile, toConfig } from './config.ts'
import { describe } from './describe.ts'
import type { Fault, Path } from './fault.ts'
import { formats } from './formats.ts'
import { Places } from './places.ts'
import { configSchema } from './schema.ts'

/** Larger files are no config: a bound on what one mistake can cost. */
const maxBytes = 4 * 1024 * 1024

export interface LoadedConfig {
  readonly config: Config
  /** As in the file, with the defaults filled in. For /config. */
  readonly file: ConfigFile
  /** What is accepted but does nothing here. */
  readonly warnings: readonly string[]
}

/** Thrown with one line for each fault, `FILE:LINE:COL: path: what is wrong`. */
export class ConfigError extends Error {
  readonly faults: readonly string[]

  constructor(faults: readonly string[]) {
    super(faults.join('\n'))
    this.name = 'ConfigError'
    this.faults = faults
  }
}

export async function loadConfig(path: string): Promise<LoadedConfig> {
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (error) {
    throw new ConfigError([`${path}:1:1: cannot be read: ${(error as NodeJS.ErrnoException).code ?? String(error)}`])
  }
  return parseConfig(text, path)
}

/** `name` stands in the faults; relative paths in the file are taken from its folder. */
export function parseConfig(text: string, name: string): LoadedConfig {
  if (text.length > maxBytes) throw new ConfigError([`${name}:1:1: the file is larger than ${maxBytes} bytes`])
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, logLevel: 'error' })
  if (document.errors.length > 0) {
    throw new ConfigError(
      document.errors.map(({ pos, message }) => `${name}:${position(lines, pos[0])}: ${message.split('\n')[0]}`),
    )
  }
  const places = new Places(document, lines)
  const value = toPlain(() => document.toJS({ maxAliasCount: 100 }), name)
  const faults = [...checkShape(value), ...checkMeaning(value)]
  if (faults.length > 0) throw new ConfigError(tell(faults, name, places))
  const file = withAbsolutePaths(value as ConfigFile, dirname(name))
  return { config: toConfig(file), file, warnings: unservedSections(file) }
}

function toPlain(read: () => unknown, name: string): unknown {
  try {
    return read() ?? {}
  } catch (error) {
    throw new ConfigError([`${name}:1:1: ${error instanceof Error ? error.message : String(error)}`])
  }
}

/** Fills the defaults into `value` as it goes. */
function checkShape(value: unknown): Fault[] {
  const ajv = new Ajv({ allErrors: true, useDefaults: true, strict: true, verbose: true })
  for (const [name, format] of Object.entries(formats)) {
    ajv.addFormat(name, { type: 'string', validate: (text: string) => format(text) === undefined })
  }
  const validate = ajv.compile(configSchema)
  if (validate(value)) return []
  return (validate.errors ?? []).map((error: ErrorObject) => describe(error))
}

function tell(faults: readonly Fault[], name: string, places: Places): string[] {
  const placed = faults.map((fault) => ({ fault, place: places.of(fault.path, fault.atKey === true) }))
  placed.sort((left, right) => left.place.line - right.place.line || left.place.col - right.place.col)
  return placed.map(({ fault, place }) => {
    const path = formatPath(fault.path)
    return `${name}:${place.line}:${place.col}: ${path === '' ? '' : `${path}: `}${fault.message}`
  })
}

/** `clusters[0].dns.names[1].hostname` */
function formatPath(path: Path): string {
  return path
    .map((step) => (typeof step === 'number' ? `[${step}]` : `.${step}`))
    .join('')
    .replace(/^\./, '')
}

function position(lines: LineCounter, offset: number): string {
  const { line, col } = lines.linePos(offset)
  return `${Math.max(1, line)}:${Math.max(1, col)}`
}

function withAbsolutePaths(file: ConfigFile, folder: string): ConfigFile {
  for (const { nodes } of file.clusters) {
    if (nodes?.kubeconfig !== undefined) nodes.kubeconfig = resolve(folder, nodes.kubeconfig)
  }
  file.resolv_conf = resolve(folder, file.resolv_conf)
  return file
}

function unservedSections(file: ConfigFile): string[] {
  return file.clusters.flatMap((cluster, index) =>
    (['connections', 'reachability'] as const)
      .filter((section) => cluster[section] !== undefined)
      .map(
        (section) => `clusters[${index}].${section}: this version has no ${section} collector; the section is ignored`,
      ),
  )
}
