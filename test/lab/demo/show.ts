/** Plays the lab's scenario before an exporter and prints both sides as they happen: the cause, and what /metrics says. */
import type { Clock } from '../../../exporter/core/clock.ts'
import type { Exporter, Metrics } from '../../e2e/exporter.ts'
import type { Lab, LabEvent } from '../lab.ts'
import { Findings, notReadyCounts } from './findings.ts'
import { narrate } from './narrator.ts'
import { clockTime, type Line, listed, plural, renderLine } from './output.ts'
import type { Pager } from './pager.ts'
import { changesBetween, readSeries, renderChange, type Series } from './series.ts'

export interface ShowDeps {
  readonly lab: Lab
  readonly exporter: Exporter
  /** Absent where Prometheus and Alertmanager are not here. */
  readonly pager?: Pager | undefined
  readonly clock: Clock
  readonly print: (line: string) => void
  readonly signal: AbortSignal
}

export interface Seen {
  /** What happened and how soon it was on /metrics, a line each. */
  readonly findings: readonly string[]
  readonly missed: readonly string[]
  readonly lostSeconds: number
  readonly labLostSeconds: number
}

/** The text of a page begins with its title. */
function bodyOf(title: string, text: string): string {
  return text.startsWith(title) ? text.slice(title.length).trim() : text
}

const scrapeEveryMs = 200
/** After the story: time for the last of it to come through. */
const lingerMs = 3_000
const progressEveryMs = 10_000

/** Resolves when the story is over or the signal aborts. Rejects where the exporter cannot be scraped any more. */
export async function show(deps: ShowDeps): Promise<Seen> {
  const { lab, clock, signal } = deps
  const stage = new Show(deps)
  await stage.begin()
  let over = false
  const playing = lab.play(signal).then(() => {
    over = true
  })
  while (!over && !signal.aborted) {
    await stage.turn()
    await clock.sleep(scrapeEveryMs, signal)
  }
  await playing
  const endsMs = clock.now() + stage.lingerMs
  for (let last = false; !last && !signal.aborted; ) {
    last = clock.now() >= endsMs
    await stage.turn()
    last ||= !stage.waiting
    if (!last) await clock.sleep(scrapeEveryMs, signal)
  }
  return stage.seen()
}

class Show {
  readonly #deps: ShowDeps
  readonly #findings: Findings
  #heard: LabEvent[] = []
  #series: Series = new Map()
  #lostSeconds = 0
  #spokeMs = 0
  #beganMs = 0
  /** Pages told so far. */
  #paged = 0

  constructor(deps: ShowDeps) {
    this.#deps = deps
    const { stage, scenario } = deps.lab
    const resolvers = { authoritative: stage.dns.address, caching: stage.resolver.address }
    this.#findings = new Findings(scenario.defaults.hostname, resolvers)
    deps.lab.on((event) => {
      this.#heard.push(event)
      this.#findings.happened(event, deps.lab.world)
    })
  }

  get waiting(): boolean {
    return this.#findings.missed.length > 0 || this.#pageIsOpen
  }

  get lingerMs(): number {
    return this.#pageIsOpen ? (this.#deps.pager?.lingerMs ?? 0) : lingerMs
  }

  get #pageIsOpen(): boolean {
    return this.#deps.pager?.pages().at(-1)?.action === 'trigger'
  }

  async begin(): Promise<void> {
    const { lab, exporter } = this.#deps
    const places = lab.world.addresses.map(({ address, zone }) => `${address} (${zone})`)
    this.#say(0, 'lab', `${listed(places)} serve ${plural(lab.world.kubelets.size, 'kubelet')}`)
    this.#series = readSeries((await exporter.metrics()).own())
    this.#beganMs = this.#deps.clock.now()
  }

  async turn(): Promise<void> {
    const { lab, clock } = this.#deps
    const metrics = await this.#scrape()
    if (metrics === undefined) return
    const storyMs = lab.storyMs
    const heard = this.#heard
    this.#heard = []
    for (const { atMs, text } of narrate(heard, notReadyCounts(lab.world))) this.#say(atMs, 'lab', text)
    const series = readSeries(metrics.own())
    for (const change of changesBetween(this.#series, series)) this.#say(storyMs, 'metrics', renderChange(change))
    this.#series = series
    this.#findings.scraped(metrics, clock.now())
    this.#tellPages()
    this.#progress(metrics, storyMs)
  }

  seen(): Seen {
    return {
      findings: [...this.#findings.render(), ...this.#pagesFound()],
      missed: this.#findings.missed,
      lostSeconds: this.#lostSeconds,
      labLostSeconds: this.#deps.lab.unknownNodeSeconds,
    }
  }

  /** A page as it was received; of its resolve what a lock screen shows, since the rest was said. */
  #tellPages(): void {
    const pages = this.#deps.pager?.pages() ?? []
    for (const { atMs, action, title, text } of pages.slice(this.#paged)) {
      this.#say(this.#storyMsOf(atMs), 'pager', action === 'trigger' ? `PAGE ${title}\n${bodyOf(title, text)}` : title)
    }
    this.#paged = pages.length
  }

  #pagesFound(): string[] {
    const { pager } = this.#deps
    if (pager === undefined) return []
    const pages = pager.pages()
    if (pages.length === 0) return ['nobody was paged']
    const times = pages.map(({ action, atMs }) => {
      return `${action === 'trigger' ? 'paged' : 'resolved'} at ${clockTime(this.#storyMsOf(atMs))}`
    })
    return [times.join(', ')]
  }

  #storyMsOf(wallMs: number): number {
    return Math.max(0, wallMs - this.#beganMs) * this.#deps.lab.scale
  }

  /** Undefined where the demo ends just now. */
  async #scrape(): Promise<Metrics | undefined> {
    const { exporter, clock, signal } = this.#deps
    try {
      return await exporter.metrics()
    } catch (error) {
      // Ctrl-C reaches the exporter as soon as this process.
      await clock.sleep(500, signal)
      if (signal.aborted) return undefined
      throw new Error(`${exporter.url}/metrics does not answer any more`, { cause: error })
    }
  }

  /** Where nothing else is said for long, the growing cost. */
  #progress(metrics: Metrics, storyMs: number): void {
    const before = this.#lostSeconds
    const reason = 'reason="NodeStatusUnknown"'
    this.#lostSeconds = metrics.value('node_not_ready_seconds_total', reason) ?? before
    if (this.#lostSeconds === before || this.#deps.clock.now() - this.#spokeMs < progressEveryMs) return
    const change = { series: `elbchurn_node_not_ready_seconds_total{${reason}}`, before: undefined }
    this.#say(storyMs, 'metrics', renderChange({ ...change, after: Math.round(this.#lostSeconds) }))
  }

  #say(storyMs: number, from: Line['from'], text: string): void {
    this.#spokeMs = this.#deps.clock.now()
    const wallMs = storyMs / this.#deps.lab.scale
    this.#deps.print(renderLine({ wallMs, storyMs, from, text }))
  }
}
