import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/**
 * One full collection of garbage, to be asked for where everything is loaded and nothing runs yet: it takes 30 to 50 ms.
 * The loading of modules makes V8's young generation grow as large as it may, and it would stay so for hours in a process
 * that makes as little garbage as this one: 20 MB resident. Where V8 has no such function, nothing happens.
 * https://nodejs.org/docs/latest-v24.x/api/cli.html#--expose-gc
 */
export function returnStartupMemory(): void {
  setFlagsFromString('--expose-gc')
  const collect: unknown = runInNewContext('globalThis.gc')
  setFlagsFromString('--no-expose-gc')
  // The last resort also drops compiled code that ran once.
  if (typeof collect === 'function') collect({ type: 'major', execution: 'sync', flavor: 'last-resort' })
}
