/** What a node agent costs its machine: CPU at rest and by sockets, memory, and how long a look holds up the rest. */
import { mkdir, mkdtemp, readFile, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Exporter } from '../../e2e/exporter.ts'
import { type Knot, startKnot } from '../../lab/knot.ts'
import { Namespace } from '../../lab/netns.ts'
import { cpuSeconds, listeningAtMs, longestBlock, monitorReport, resident } from '../measured.ts'
import { type Part, type PartDeps, pause } from '../part.ts'
import type { Row } from '../report.ts'
import { watchedAddresses } from '../sockets-child.ts'
import { benchZone } from '../zone.ts'

/** Rows of /proc/net/tcp, and the share of a core in % that an agent may take with them. */
const cpuGoals = new Map([
  [1_000, 0.3],
  [10_000, 1],
])
const memoryGoalMb = 90
const blockGoalMs = 10
const warmUpMs = 10_000
const measuredMs = 30_000
/** Of Prometheus, and of the agent's own schedule by default. */
const scrapeEveryMs = 15_000
const lookEveryMs = 5_000
const plainReads = 20
const hostname = `api.${benchZone}`

export const agentPart: Part = {
  name: 'agent',
  limitMs: 120_000,
  async run(deps) {
    const knot = await startKnot(
      benchZone,
      watchedAddresses.map((address) => `${hostname}. 60 IN A ${address}`),
    )
    try {
      // Side by side, since each takes a hundredth of a core.
      const machines = [...cpuGoals].map(([sockets, goal]) => measure(sockets, goal, knot, deps))
      return (await Promise.all(machines)).flat()
    } finally {
      await knot.stop()
    }
  },
}

async function measure(sockets: number, goal: number, knot: Knot, { subject, say }: PartDeps): Promise<Row[]> {
  const machine = await Namespace.open()
  const proc = await mkdtemp(join(tmpdir(), 'bench-proc-'))
  const exporters: Exporter[] = []
  try {
    await machine.start(process.execPath, join(import.meta.dirname, '../sockets-child.ts'), String(sockets))
    await mkdir(join(proc, '1'))
    await symlink(`/proc/${machine.pid}/net`, join(proc, '1/net'))
    const names = [{ hostname, types: ['A'] }]
    const config = {
      clusters: [{ name: 'bench', dns: { resolvers: [knot.address], names }, connections: { proc } }],
    }
    // The monitor of the event loop wakes its process up, so the other one is measured without it.
    const [measured, monitored] = [
      await subject.start(config, { monitored: false }),
      await subject.start(config, { monitored: true }),
    ]
    exporters.push(measured, monitored)
    await Promise.all(exporters.map((exporter) => exporter.ready()))
    say(`${sockets} sockets: ${(warmUpMs + measuredMs) / 1_000} s`)
    await pause(warmUpMs)
    const percent = await cpuPercent(measured)
    const seen = (await measured.metrics()).value('connections', 'state="active"') ?? 0
    const block = longestBlock(await monitorReport(monitored), listeningAtMs(monitored) + warmUpMs)
    const plain = await plainPercent(join(proc, '1/net'))
    const { nowMb, peakMb } = await resident(measured.pid)
    const row = (name: string, value: number, unit: string, against?: Row['against']): Row => ({
      part: 'agent',
      name: `${sockets.toLocaleString('en')} sockets: ${name}`,
      value,
      unit,
      ...(against === undefined ? {} : { against }),
    })
    const atMost = (value: number) => ({ kind: 'at_most' as const, value })
    return [
      row('CPU of the whole agent, % of a core', percent, '%', atMost(goal)),
      row('CPU, beside reading and splitting the tables alone', percent, '%', {
        kind: 'peer',
        name: 'plain code',
        value: plain,
      }),
      row('connections to watched addresses that it sees', seen, '', { kind: 'at_least', value: sockets / 20 }),
      row('resident', nowMb, 'MB', atMost(memoryGoalMb)),
      row('resident at the peak', peakMb, 'MB'),
      row('longest block of the event loop, CPU', block.cpuMs, 'ms', atMost(blockGoalMs)),
      row('longest block of the event loop, clock', block.ms, 'ms'),
    ]
  } finally {
    await Promise.all(exporters.map((exporter) => exporter.stop()))
    await machine.close()
    await rm(proc, { recursive: true, force: true })
  }
}

/** Of one core, scraped as Prometheus does. */
async function cpuPercent(exporter: Exporter): Promise<number> {
  const before = await cpuSeconds(exporter.pid)
  const startedMs = performance.now()
  while (performance.now() - startedMs < measuredMs) {
    await pause(scrapeEveryMs)
    await exporter.metrics()
  }
  const seconds = (performance.now() - startedMs) / 1_000
  return (((await cpuSeconds(exporter.pid)) - before) / seconds) * 100
}

/** The least that a program of strings would take for the same tables as often: no address compared, nothing counted. */
async function plainPercent(folder: string): Promise<number> {
  const before = process.cpuUsage()
  for (let read = 0; read < plainReads; read += 1) {
    for (const table of ['tcp', 'tcp6']) {
      const text = await readFile(join(folder, table), 'latin1')
      for (const line of text.split('\n')) line.trim().split(/\s+/)
    }
  }
  const { user, system } = process.cpuUsage(before)
  return ((user + system) / 1_000 / plainReads / lookEveryMs) * 100
}
