/** What the kernel says of a process, and what the monitor inside of an exporter says of its event loop. */
import { readFile, rm } from 'node:fs/promises'
import { pathToFileURL } from 'node:url'
import type { Exporter } from '../e2e/exporter.ts'
import type { MonitorReport } from './monitor.ts'

/** sysconf(_SC_CLK_TCK), which is 100 on every Linux that Node runs on. */
const ticksPerSecond = 100
const reportLimitMs = 5_000

/** User and system time of all threads since the start, in seconds: proc_pid_stat(5), fields 14 and 15. */
export async function cpuSeconds(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8')
  // The name of the command, field 2, may hold spaces and brackets.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond
}

export interface Resident {
  readonly nowMb: number
  readonly peakMb: number
}

/** VmRSS and VmHWM of proc_pid_status(5), in MB of 1,000,000 bytes. */
export async function resident(pid: number): Promise<Resident> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8')
  const mb = (key: string) => (Number(new RegExp(`^${key}:\\s+(\\d+) kB`, 'm').exec(status)?.[1]) * 1024) / 1e6
  return { nowMb: mb('VmRSS'), peakMb: mb('VmHWM') }
}

export const monitorFlags: readonly string[] = [`--import=${pathToFileURL(`${import.meta.dirname}/monitor.ts`).href}`]

/** Asks the monitor of an exporter that was started with `monitorFlags`. */
export async function monitorReport(exporter: Exporter): Promise<MonitorReport> {
  const path = `${exporter.folder}/monitor-${exporter.pid}.json`
  await rm(path, { force: true })
  exporter.signal('SIGUSR2')
  const deadline = Date.now() + reportLimitMs
  for (;;) {
    const text = await readFile(path, 'utf8').catch(() => undefined)
    if (text !== undefined) return JSON.parse(text)
    if (Date.now() > deadline) throw new Error('the monitor in the exporter gave no report')
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

export interface LongestBlock {
  /** By the clock, in ms. */
  readonly ms: number
  /** Of the block that took most CPU time of the thread: on a machine that others use too, the exporter's own part. */
  readonly cpuMs: number
}

/** The longest blocks of the event loop that began within a time (ms since the epoch); 0 where none was noted. */
export function longestBlock(report: MonitorReport, fromMs: number, toMs = Number.POSITIVE_INFINITY): LongestBlock {
  const begun = report.blocks.filter(({ atMs, ms }) => atMs - ms >= fromMs && atMs - ms <= toMs)
  return {
    ms: Math.max(0, ...begun.map(({ ms }) => ms)),
    cpuMs: Math.max(0, ...begun.map(({ cpuMs }) => cpuMs)),
  }
}

/** When the exporter had loaded all that it needs and began to work, ms since the epoch: the time of its log line. */
export function listeningAtMs(exporter: Exporter): number {
  const line = exporter.lines.find(({ msg }) => msg === 'listening')
  return Date.parse(String(line?.ts))
}
