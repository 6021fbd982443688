/** The series of /metrics that tell the story, as short lines, and what changed in them between two scrapes. */

/** Labels that are the same on every line of the demo. */
const leftOut = ['cluster', 'load_balancer', 'hostname', 'type', 'zone', 'topology_kubernetes_io_zone']

/** In the order in which changes are shown. */
const told = [
  'elbchurn_elb_address_info',
  'elbchurn_elb_address_changes_total',
  'elbchurn_dns_answer_changes_total',
  'elbchurn_dns_resolvers_agree',
  'elbchurn_nodes',
  'elbchurn_nodes_excluded',
  'elbchurn_nodes_not_ready_ratio',
]

/** Series that differ only in labels left out are summed. */
export type Series = ReadonlyMap<string, number>

export function readSeries(lines: readonly string[]): Series {
  const found = new Map<string, number>()
  for (const line of lines) {
    const match = /^(?<name>\w+)(?:\{(?<labels>.*)\})? (?<value>\S+)$/.exec(line)
    const { name = '', labels = '', value } = match?.groups ?? {}
    if (!told.includes(name)) continue
    const kept = [...labels.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].filter(([, key = '']) => !leftOut.includes(key))
    const short = kept.length === 0 ? name : `${name}{${kept.map(([pair]) => pair).join(',')}}`
    found.set(short, (found.get(short) ?? 0) + Number(value))
  }
  return found
}

export interface SeriesChange {
  readonly series: string
  readonly before: number | undefined
  readonly after: number
}

/** What is new or has another value. A series that left is told by the one that took its place. */
export function changesBetween(before: Series, after: Series): SeriesChange[] {
  const changes = [...after].flatMap(([series, value]) =>
    before.get(series) === value ? [] : [{ series, before: before.get(series), after: value }],
  )
  return changes.filter(isNews).sort((left, right) => rank(left.series) - rank(right.series))
}

/** Ready nodes are the rest of the others; a new series at 0 says nothing. */
function isNews({ series, before, after }: SeriesChange): boolean {
  return !series.includes('ready="true"') && !(before === undefined && after === 0)
}

function rank(series: string): number {
  return told.indexOf(series.replace(/\{.*/, ''))
}

const seriesWidth = 66

export function renderChange({ series, before, after }: SeriesChange): string {
  const values = before === undefined ? rounded(after) : `${rounded(before)} -> ${rounded(after)}`
  return `${series.padEnd(seriesWidth)}  ${values}`
}

function rounded(value: number): string {
  return String(Number(value.toFixed(3)))
}
