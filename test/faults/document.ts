/** docs/faults.md, made from the matrix. */
import { type AnyFault, type Expected, type MachineFault, usualSeenMs } from './fault.ts'
import { machineFaults } from './machine.ts'
import { areas } from './matrix.ts'

export const documentPath = 'docs/faults.md'

const preface = `<!-- Generated from test/faults by \`node test/faults/generate.ts\`. Do not edit. -->

# Faults, what is seen of them, and what to do

Each row is a test: \`npm run test:faults\` makes the fault with real servers and real sockets, reads /metrics, /-/ready, the
log and the alerts while it lasts, lets something change in the middle of it, ends it, and holds the exporter to the time
in the last column. Nobody restarts anything: recovery is by itself.

For every row that is not about the process itself:

- \`/-/healthy\` and \`/-/ready\` stay 200, and other clusters of the same exporter are not disturbed.
- No value changes by itself. Values stay; after 2 minutes (or 3 missed schedules, whichever is longer) without a good poll
  they leave /metrics, and come back with the first good one. \`elbchurn_collector_up\` stays.
- What changes while the fault lasts is counted once: meanwhile where the exporter can see it, else afterwards.
- The log tells of a fault once when it begins (\`collector is failing; last values are kept until stale\`, with the
  reason and what to do) and once when it is over (\`collector works again\`).
- The alerts fire when it lasts as long as their settings say.
`

export function renderDocument(): string {
  const parts = areas.map(({ title, note, faults }) => `## ${title}\n\n${note}\n\n${networkTable(faults)}\n`)
  return [
    preface,
    ...parts,
    `## The machine\n\nWhere a process has to start again, its start is in the time.\n\n${machineTable(machineFaults)}\n`,
  ].join('\n')
}

function networkTable(faults: readonly AnyFault[]): string {
  const rows = faults.map(({ title, how, expected, act, isTheChange }) => [
    `**${title}**: ${how}`,
    seen(expected),
    changeSeen(expected, isTheChange === true),
    (expected.alerts ?? []).join(', ') || '-',
    act,
    recovery(expected),
  ])
  return table(['fault', '/metrics and log', 'a change is seen', 'alerts', 'what to do', 'well again'], rows)
}

function seen({ collector, reason, sometimes, counts, toldMs }: Expected): string {
  const errors = `\`collector_errors_total{collector="${collector}", reason="${reason}"}\``
  const up = `\`collector_up{collector="${collector}"}\``
  const also = counts === undefined ? '' : `; ${metricOf(counts)} counts it`
  if (reason === undefined) return `${up} stays 1${also}`
  if (sometimes === true) return `${up} may be 0 for a moment, then ${errors}${also}`
  return `${up} 0 within ${seconds(toldMs ?? 0)}, ${errors}${also}`
}

function changeSeen({ change, seenMs = usualSeenMs }: Expected, isTheChange: boolean): string {
  if (change === 'afterwards') return change
  return `${isTheChange ? 'the fault is one, seen' : 'meanwhile,'} within ${seconds(seenMs)}`
}

function metricOf([metric, ...labels]: NonNullable<Expected['counts']>): string {
  return `\`${metric}\` (${labels.join(', ')})`
}

function recovery({ recoversMs }: Expected): string {
  return `within ${seconds(recoversMs)}`
}

function machineTable(faults: readonly MachineFault[]): string {
  const rows = faults.map(({ title, how, sees, act, recoversMs }) => [
    `**${title}**: ${how}`,
    sees,
    act,
    `within ${seconds(recoversMs)}`,
  ])
  return table(['fault', 'what is seen', 'what to do', 'well again'], rows)
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')
}

function seconds(ms: number): string {
  return `${ms / 1_000} s`
}
