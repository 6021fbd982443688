/**
 * Runs inside of a measured exporter, ahead of its own code (`node --import`): keeps every block of its event loop with
 * its time, and writes them to a file of its home folder on SIGUSR2. A histogram would not tell start-up from work.
 */
import { renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { PerformanceObserver, performance } from 'node:perf_hooks'

export interface Block {
  /** When it ended, ms since the epoch. */
  readonly atMs: number
  readonly ms: number
  /** CPU time of the thread within it: much less than `ms` where others had the core. */
  readonly cpuMs: number
}

export interface MonitorReport {
  /** Blocks of at least 10 ms, the longest 1,000. */
  readonly blocks: readonly Block[]
  /** The longest pause of the garbage collector, in ms. */
  readonly gcMaxMs: number
  readonly gcTotalMs: number
  readonly memory: NodeJS.MemoryUsage
}

const everyMs = 5
const leastMs = 10
const keptBlocks = 1_000

let blocks: Block[] = []
let last = performance.now()
let lastCpuMs = threadCpuMs()
setInterval(() => {
  const now = performance.now()
  const nowCpuMs = threadCpuMs()
  const ms = now - last - everyMs
  const cpuMs = nowCpuMs - lastCpuMs
  last = now
  lastCpuMs = nowCpuMs
  if (ms < leastMs) return
  blocks.push({ atMs: performance.timeOrigin + now, ms, cpuMs })
  if (blocks.length > 2 * keptBlocks) blocks = blocks.sort((left, right) => right.ms - left.ms).slice(0, keptBlocks)
}, everyMs).unref()

function threadCpuMs(): number {
  const { user, system } = process.threadCpuUsage()
  return (user + system) / 1_000
}

const gc = { maxMs: 0, totalMs: 0 }
new PerformanceObserver((list) => {
  for (const { duration } of list.getEntries()) {
    gc.maxMs = Math.max(gc.maxMs, duration)
    gc.totalMs += duration
  }
}).observe({ entryTypes: ['gc'] })

process.on('SIGUSR2', () => {
  const report: MonitorReport = { blocks, gcMaxMs: gc.maxMs, gcTotalMs: gc.totalMs, memory: process.memoryUsage() }
  const path = join(process.env.HOME ?? '.', `monitor-${process.pid}.json`)
  writeFileSync(`${path}.part`, JSON.stringify(report))
  renameSync(`${path}.part`, path)
})
