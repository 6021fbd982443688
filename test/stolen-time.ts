/** How long the event loop of this thread stood still. */

const everyMs = 5
/** A timer may be late by so much on an idle machine. */
const usualMs = 5

export interface LostTime extends Disposable {
  /** Of the time since `sinceMs` by performance.now(), until now. */
  msSince(sinceMs: number): number
}

/** For want of CPU: what the loop was late by, less the CPU that the process took meanwhile. */
export function stolenTime(): LostTime {
  let last = process.cpuUsage()
  return watchLoop(() => {
    const { user, system } = process.cpuUsage(last)
    last = process.cpuUsage()
    return (user + system) / 1_000
  })
}

/** For want of CPU, or by work of its own: nothing else in this thread had its turn meanwhile. */
export function lostTime(): LostTime {
  return watchLoop(() => 0)
}

/** `ownMs`: of the time since the last call, what does not count. */
function watchLoop(ownMs: () => number): LostTime {
  const stalls: { readonly endMs: number; readonly ms: number }[] = []
  let lastMs = performance.now()
  const look = () => {
    const nowMs = performance.now()
    const ms = nowMs - lastMs - everyMs - ownMs()
    if (ms > usualMs) stalls.push({ endMs: nowMs, ms })
    lastMs = nowMs
  }
  const timer = setInterval(look, everyMs).unref()
  return {
    msSince: (sinceMs) => {
      look()
      const since = stalls.filter(({ endMs }) => endMs > sinceMs)
      return since.reduce((sum, { endMs, ms }) => sum + Math.min(ms, endMs - sinceMs), 0)
    },
    [Symbol.dispose]: () => clearInterval(timer),
  }
}
