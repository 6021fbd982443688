/** Loaded before the exporter: its wall clock is off by what a file says, read anew at each SIGUSR2. */
import { readFileSync } from 'node:fs'

let aheadMs = 0
process.on('SIGUSR2', () => {
  aheadMs = Number(readFileSync(process.env.CLOCK_FILE ?? '', 'utf8'))
})

const realNow = Date.now
const now = () => realNow() + aheadMs

globalThis.Date = new Proxy(Date, {
  construct: (target, values, newTarget) =>
    Reflect.construct(target, values.length === 0 ? [now()] : values, newTarget),
  get: (target, key, receiver) => (key === 'now' ? now : Reflect.get(target, key, receiver)),
})
