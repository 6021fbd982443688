/** How long this process had work to do and no CPU: what its event loop was late by, less the CPU that it took meanwhile. */

const everyMs = 5
/** A timer may be late by so much on an idle machine. */
const usualMs = 5

export interface StolenTime extends Disposable {
  /** Of the time since `sinceMs` by performance.now(), until now. */
  msSince(sinceMs: number): number
}

export function stolenTime(): StolenTime {
  const stalls: { readonly endMs: number; readonly ms: number }[] = []
  let lastMs = performance.now()
  let lastCpu = process.cpuUsage()
  const look = () => {
    const nowMs = performance.now()
    const { user, system } = process.cpuUsage(lastCpu)
    const ms = nowMs - lastMs - everyMs - (user + system) / 1_000
    if (ms > usualMs) stalls.push({ endMs: nowMs, ms })
    lastMs = nowMs
    lastCpu = process.cpuUsage()
  }
  const timer = setInterval(look, everyMs)
  return {
    msSince: (sinceMs) => {
      look()
      const since = stalls.filter(({ endMs }) => endMs > sinceMs)
      return since.reduce((sum, { endMs, ms }) => sum + Math.min(ms, endMs - sinceMs), 0)
    },
    [Symbol.dispose]: () => clearInterval(timer),
  }
}
