import { setTimeout as delay } from 'node:timers/promises'
import type { Clock } from '../core/clock.ts'

/** Timers of Node take no longer wait, and fire at once when asked for one. */
const longestWaitMs = 2 ** 31 - 1

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  sleep: async (ms, signal) => {
    try {
      await delay(Math.min(ms, longestWaitMs), undefined, signal === undefined ? {} : { signal })
    } catch {
      // An abort ends the wait early; whoever waits looks at the signal.
    }
  },
}
