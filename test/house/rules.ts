import { posix } from 'node:path'

/** The rules of the layout of `exporter/`, `alerts/`, `dashboards/` and `deploy/`, checked on their imports. CONTRIBUTING.md tells them in words. */

/** Imports run from a higher floor to a lower one, or stay in their own area. */
const floors: ReadonlyMap<string, number> = new Map([
  ['core', 0],
  ['metrics', 1],
  ['sources', 1],
  ['signals', 2],
  ['service', 3],
  ['alerts', 3],
  ['web', 4],
  ['dashboards', 4],
  ['deploy', 4],
  ['main', 5],
])

/** What rules and boards may see of the exporter: the tables of its metrics, which load nothing. */
const seenTables = [
  /^exporter\/core\//,
  /^exporter\/metrics\/spec\.ts$/,
  /^exporter\/signals\/[^/]+\/metrics\.ts$/,
  /^exporter\/service\/metrics\.ts$/,
]

/** Needed to render the boards, which the image carries as JSON. */
const rendering = new Set(['@grafana/grafana-foundation-sdk'])

/** Nothing that runs imports it, so it may see what renders the boards, and the files of the chart. */
const generator = 'exporter/generated-files.ts'

const maxLines = 300

interface Import {
  readonly from: string
  /** as it is written */
  readonly specifier: string
  /** path from the root of the checkout, where the specifier is relative */
  readonly target: string | undefined
}

/** `files`: path from the root of the checkout to source text. `dependencies`: what the image installs. */
export function faults(files: ReadonlyMap<string, string>, dependencies: ReadonlySet<string>): string[] {
  const imports = [...files].flatMap(([path, source]) => importsOf(path, source))
  return [
    ...[...files].flatMap(([path, source]) => sizeFaults(path, source)),
    ...imports.flatMap((edge) => importFault(edge, files, dependencies) ?? []),
    ...circles(imports),
  ]
}

export function importsOf(from: string, source: string): Import[] {
  const statement = /^\s*(?:import|export)\s[^'"`;]*?\bfrom\s*'([^']+)'|^\s*import\s*'([^']+)'|\bimport\(\s*'([^']+)'/gm
  return [...source.matchAll(statement)].map((match) => {
    const specifier = match[1] ?? match[2] ?? match[3] ?? ''
    const target = specifier.startsWith('.') ? posix.join(posix.dirname(from), specifier) : undefined
    return { from, specifier, target }
  })
}

function sizeFaults(path: string, source: string): string[] {
  const lines = source.split('\n').length - 1
  return lines > maxLines ? [`${path} has ${lines} lines, more than ${maxLines}: split it by what it decides`] : []
}

function importFault(
  { from, specifier, target }: Import,
  files: ReadonlyMap<string, string>,
  dependencies: ReadonlySet<string>,
): string | undefined {
  const area = areaOf(from)
  if (target === undefined) return packageFault(from, specifier, dependencies)
  if (target === 'package.json' && area !== 'core') return undefined
  if (!files.has(target))
    return `${from} imports ${target}, which is not a file of exporter/, alerts/, dashboards/ or deploy/`
  const other = areaOf(target)
  const [floor, otherFloor] = [floors.get(area), floors.get(other)]
  if (floor === undefined) return `${from} stands on no floor: name one for ${area} in test/house/rules.ts`
  if (otherFloor === undefined) return `${target} stands on no floor: name one for ${other} in test/house/rules.ts`
  if (area === other) return signalFault(from, target)
  if (area === 'alerts' || area === 'dashboards' || area === 'deploy') {
    const seen = (area !== 'alerts' && other === 'alerts') || seenTables.some((path) => path.test(target))
    return seen ? undefined : tablesFault(from, target)
  }
  if ((other === 'dashboards' || other === 'deploy') && from !== generator)
    return `${from} imports ${target}: only ${generator} renders ${other === 'deploy' ? 'the chart' : 'boards'}`
  return otherFloor >= floor ? `${from} imports ${target}: imports run down, ${other} is not below ${area}` : undefined
}

function packageFault(from: string, specifier: string, dependencies: ReadonlySet<string>): string | undefined {
  if (areaOf(from) === 'core') return `${from} imports ${specifier}: core imports nothing from outside itself`
  if (specifier.startsWith('node:')) return undefined
  const name = specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/')
  return dependencies.has(name) || (areaOf(from) === 'dashboards' && rendering.has(name))
    ? undefined
    : `${from} imports ${name}, which package.json does not list as a dependency`
}

function tablesFault(from: string, target: string): string {
  return `${from} imports ${target}: rules and boards see only the tables of metrics, so that they load nothing else`
}

/** Two signals that need the same thing find it in a source or in core. */
function signalFault(from: string, target: string): string | undefined {
  const [own, other] = [signalOf(from), signalOf(target)]
  if (own === undefined || other === undefined || own === other) return undefined
  return `${from} imports ${target}: signals never import each other`
}

/** `exporter/signals/dns/answers.ts` is in `signals`; the files right below `exporter/` and the commands are `main`. */
function areaOf(path: string): string {
  const [top, area = '', rest] = path.split('/')
  if (top === 'alerts' || top === 'dashboards' || top === 'deploy') return top
  return rest === undefined || area === 'commands' ? 'main' : area
}

function signalOf(path: string): string | undefined {
  return /^exporter\/signals\/([^/]+)\//.exec(path)?.[1]
}

/** Every circle once, by depth-first search. */
function circles(imports: readonly Import[]): string[] {
  const targets = Map.groupBy(
    imports.filter(({ target }) => target !== undefined),
    ({ from }) => from,
  )
  const found: string[] = []
  const done = new Set<string>()
  const visit = (path: string, trail: readonly string[]): void => {
    const start = trail.indexOf(path)
    if (start >= 0) found.push(`a circle of imports: ${[...trail.slice(start), path].join(' -> ')}`)
    if (start >= 0 || done.has(path)) return
    for (const { target } of targets.get(path) ?? []) if (target !== undefined) visit(target, [...trail, path])
    done.add(path)
  }
  for (const path of targets.keys()) visit(path, [])
  return found
}
