/** One fault, from a healthy world through the fault to a healthy world, with all that must hold at each scrape. */
import assert from 'node:assert/strict'
import type { Metrics } from '../e2e/exporter.ts'
import type { Prometheus } from '../lab/prometheus.ts'
import { type AnyFault, type Facts, type Site, usualSeenMs } from './fault.ts'
import type { Observer } from './observer.ts'

export interface Measured {
  /** From the beginning of the fault until collector_up is 0; absent where it never was. */
  readonly toldMs?: number
  /** From a change of the world until it is seen while the fault lasts. */
  readonly seenMs?: number
  /** From the end of the fault until all is well again. */
  readonly recoveredMs: number
}

export interface TrialDeps {
  readonly observer: Observer
  readonly prometheus: Prometheus
  /** How long a fault that is told is held. */
  readonly holdMs: number
}

const healthyMs = 30_000
const alertMs = 20_000
/** For faults that are not told: some polls. */
const quietMs = 4_000
/** By rule 1 of the contract, from the last good poll on. */
const staleMs = 120_000
/** The fault is told only some time after the last good poll. */
const heldBackMs = 30_000
/** Two tries of 2 s each, the poll before them, and the scrape after. */
const excuseWindowMs = 10_000
/** So long without any answer of ours makes a time-out within that window. */
const excuseLostMs = 1_000
/** Until the poll after one that was excused has worked. */
const excusedDownMs = 6_000
/** After the end: nothing comes that was not seen. */
const settleMs = 1_500

export class Trial {
  readonly #fault: AnyFault
  readonly #site: Site
  readonly #deps: TrialDeps
  /** What each fact may be now. */
  #allowed: readonly Facts[]
  readonly #wrong = new Set<string>()
  #mayBeDown = false
  /** The fault was held for so long. */
  #withdrawn = false
  /** Lines of errors from before the fault: a machine under load may have had some at the start. */
  #errorsBefore = new Set<string>()
  /** When this process stood still for so long that the exporter had to count one time-out. */
  #excusedAtMs: number | undefined

  constructor(fault: AnyFault, site: Site, deps: TrialDeps) {
    this.#fault = fault
    this.#site = site
    this.#deps = deps
    this.#allowed = [site.before]
  }

  async run(begin: () => Promise<void>, end: () => Promise<void>): Promise<Measured> {
    const { observer } = this.#deps
    const { id, expected } = this.#fault
    const { before, after } = this.#site
    const healthy = (metrics: Metrics) => this.#isUp(metrics) && this.#shows(metrics, before)
    const { metrics } = await this.#until(healthy, 'a healthy world', healthyMs)
    this.#errorsBefore = new Set(this.#errorLines(metrics))
    const unwatch = observer.watch(id, ({ metrics }) => this.#check(metrics))
    try {
      const meanwhile = this.#fault.meanwhile ?? after
      const last = this.#fault.finally ?? after
      this.#mayBeDown = expected.reason !== undefined
      if (this.#fault.isTheChange === true) this.#allowed = [before, meanwhile]
      const beganMs = performance.now()
      await begin()
      const toldMs = this.#isTold ? (await this.#told()) - beganMs : undefined
      const seenMs = await this.#during(meanwhile)
      const endedMs = performance.now()
      if (this.#fault.finally !== undefined) this.#allowed = [...this.#allowed, last]
      await end()
      const well = (metrics: Metrics) => this.#isUp(metrics) && this.#shows(metrics, last)
      const recovered = await this.#until(well, 'all is well again', expected.recoversMs)
      this.#allowed = [last]
      this.#mayBeDown = expected.sometimes === true
      await pause(settleMs)
      this.#assertLog()
      assert.deepEqual([...this.#wrong], [])
      return {
        recoveredMs: recovered.atMs - endedMs,
        ...(toldMs === undefined ? {} : { toldMs }),
        ...(seenMs === undefined ? {} : { seenMs }),
      }
    } finally {
      unwatch()
    }
  }

  get #isTold(): boolean {
    const { reason, sometimes } = this.#fault.expected
    return reason !== undefined && sometimes !== true
  }

  async #told(): Promise<number> {
    const { reason, toldMs = 0 } = this.#fault.expected
    const told = (metrics: Metrics) => this.#upValue(metrics) === 0 && this.#errors(metrics) > 0
    const sight = await this.#until(told, `collector_up 0 and errors with reason ${reason}`, toldMs)
    return sight.atMs
  }

  /** The world changes in the middle of it. Returns after how long that was seen, if it was. */
  async #during(meanwhile: Facts): Promise<number | undefined> {
    const { expected, isTheChange } = this.#fault
    const { exporter } = this.#deps.observer
    const known = () => (this.#withdrawn ? { ...meanwhile, ...this.#site.withdrawn } : meanwhile)
    const seen = (metrics: Metrics) => this.#shows(metrics, known())
    await this.#hold()
    if (isTheChange !== true) {
      // From here on the change may show, except where the fault hides it.
      if (expected.change === 'meanwhile') this.#allowed = [...this.#allowed, this.#site.after]
      this.#site.change()
    }
    const { seenMs = usualSeenMs } = expected
    const changedMs = performance.now()
    const showing = expected.change === 'meanwhile'
    const sight = showing ? await this.#until(seen, 'the change, while the fault lasts', seenMs) : undefined
    if (!showing) await pause(quietMs / 2)
    this.#allowed = [...this.#allowed, this.#site.after, meanwhile]
    if (expected.counts !== undefined) {
      const [metric, ...labels] = expected.counts
      const counted = (metrics: Metrics) => (metrics.value(metric, ...labels) ?? 0) > 0
      await this.#until(counted, `a count of ${metric} ${labels.join()}`, expected.recoversMs)
    }
    assert.equal((await exporter.get('/-/ready')).status, 200, '/-/ready')
    assert.equal((await exporter.get('/-/healthy')).status, 200, '/-/healthy')
    await this.#assertAlerts()
    return sight === undefined ? undefined : sight.atMs - changedMs
  }

  /** Values stay for 2 minutes, and are withdrawn where the fault is held for longer. */
  async #hold(): Promise<void> {
    const { before, withdrawn } = this.#site
    const { holdMs } = this.#deps
    const { staysKnown } = this.#fault.expected
    if (!this.#isTold) return await pause(quietMs)
    if (holdMs < staleMs) return await pause(holdMs)
    await pause(staleMs - heldBackMs)
    this.#allowed = [...this.#allowed, { ...before, ...withdrawn }]
    await pause(holdMs - staleMs + heldBackMs)
    if (staysKnown === true || this.#fault.isTheChange === true) return
    await this.#until((metrics) => this.#shows(metrics, withdrawn), 'the values are withdrawn', quietMs)
    this.#withdrawn = true
  }

  /** Those that are wanted come; of those that call somebody no other one does. */
  async #assertAlerts(): Promise<void> {
    const { expected, id } = this.#fault
    const { alerts = [], sometimes } = expected
    const query = `ALERTS{alertstate="firing",cluster="${id}"}`
    const firing = async () => new Set((await this.#deps.prometheus.query(query)).map(({ labels }) => labels.alertname))
    for (const deadline = performance.now() + alertMs; ; await pause(500)) {
      const now = await firing()
      if (alerts.every((alert) => now.has(alert))) break
      if (performance.now() > deadline)
        assert.fail(`${alerts.join()} should fire, and ${[...now].join() || 'none'} does`)
    }
    const calling = ['ElbChurnCollectorFailing', 'DNSQueriesFailing', 'KubernetesAPIUnreachable'] as const
    const wrong = calling.filter((alert) => !(alerts as readonly string[]).includes(alert))
    const now = await firing()
    if (sometimes !== true && this.#excusedAtMs === undefined)
      assert.deepEqual(
        wrong.filter((alert) => now.has(alert)),
        [],
        'alerts that should not fire',
      )
  }

  #assertLog(): void {
    const { id, expected } = this.#fault
    if (!this.#isTold) return
    const lines = this.#deps.observer.exporter.lines.filter(
      ({ cluster, collector }) => cluster === id && collector === expected.collector,
    )
    const warnings = lines.filter(({ level, reason }) => level === 'warn' && reason !== undefined)
    assert.ok(
      warnings.some(({ errors }) => expected.says === undefined || expected.says.test(JSON.stringify(errors))),
      `no warning says ${expected.says}: ${JSON.stringify(warnings)}`,
    )
    assert.ok(warnings.length <= 4, `${warnings.length} warnings for one fault: ${JSON.stringify(warnings)}`)
    assert.ok(
      lines.some(({ msg }) => msg === 'collector works again'),
      'the log tells of the recovery',
    )
  }

  /** At each scrape: no fact is what it never was, and the collector is not down without a reason. */
  #check(metrics: Metrics): void {
    const facts = this.#site.facts(metrics)
    for (const [fact, value] of Object.entries(facts)) {
      const values = new Set(this.#allowed.map((allowed) => allowed[fact]))
      if (!values.has(value)) this.#wrong.add(`${fact} is ${value || 'absent'}, and not ${[...values].join(' or ')}`)
    }
    const { expected } = this.#fault
    for (const line of this.#errorLines(metrics)) {
      if (line.includes('reason="internal"')) this.#wrong.add(`a fault of the exporter itself: ${line}`)
      if (expected.reason !== undefined || this.#errorsBefore.has(line)) continue
      if (this.#excuses(line)) this.#errorsBefore.add(line)
      else this.#wrong.add(`an error: ${line}`)
    }
    const excused = this.#excusedAtMs !== undefined && performance.now() - this.#excusedAtMs < excusedDownMs
    if (!this.#mayBeDown && !excused && !this.#isUp(metrics)) this.#wrong.add('the collector is down')
  }

  /** Once, a time-out, and only where we gave cause for it. */
  #excuses(line: string): boolean {
    if (this.#excusedAtMs !== undefined || !line.includes('reason="timeout"')) return false
    const nowMs = performance.now()
    if (this.#deps.observer.lost.msSince(nowMs - excuseWindowMs) < excuseLostMs) return false
    this.#excusedAtMs = nowMs
    return true
  }

  #errorLines(metrics: Metrics): string[] {
    const own = `collector="${this.#fault.expected.collector}"`
    return metrics.lines('collector_errors_total').filter((line) => line.includes(own))
  }

  #errors(metrics: Metrics): number {
    const { collector, reason } = this.#fault.expected
    return metrics.value('collector_errors_total', `collector="${collector}"`, `reason="${reason}"`) ?? 0
  }

  #upValue(metrics: Metrics): number | undefined {
    return metrics.value('collector_up', `collector="${this.#fault.expected.collector}"`)
  }

  #isUp(metrics: Metrics): boolean {
    return this.#upValue(metrics) === 1
  }

  #shows(metrics: Metrics, facts: Facts): boolean {
    const shown = this.#site.facts(metrics)
    return Object.entries(facts).every(([fact, value]) => shown[fact] === value)
  }

  async #until(wanted: (metrics: Metrics) => boolean, what: string, limitMs: number) {
    try {
      return await this.#deps.observer.until(this.#fault.id, wanted, what, limitMs)
    } catch (cause) {
      const wrong = [...this.#wrong].join('; ')
      const told = this.#deps.observer.exporter.lines.filter(({ cluster }) => cluster === this.#fault.id).slice(-5)
      throw new Error(`${(cause as Error).message}\nseen besides: ${wrong}\nlog: ${JSON.stringify(told)}`, { cause })
    }
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
