import { isoTime } from '../core/iso-time.ts'
import { fields, list, text } from '../core/json.ts'
import type { Books, Change, ChangeSink } from '../signals/signal.ts'
import type { Logger } from './log.ts'

/** Newest changes kept for /api/v1/events. */
const capacity = 1_000
/** Of these so many survive a restart, with so many members in each of their lists: the state file is written whole. */
const savedEvents = 100
const savedMembers = 100
/** Longer texts come from no collector. */
const maxTextLength = 10_000
const kinds: readonly Change['kind'][] = ['elb_addresses', 'dns_answer', 'load_balancer', 'node_readiness']
const bookKey = 'newest'

export interface ChangeEvent extends Change {
  readonly time: string
  readonly cluster: string
  readonly collector: string
}

/** The changes seen: a log line each, and a bounded list, newest first. */
export class ChangeHistory {
  readonly #events: ChangeEvent[]
  readonly #books: Books | undefined

  /** `books`: where they are saved; absent: nowhere. */
  constructor(books?: Books) {
    this.#books = books
    this.#events = readEvents(books?.get(bookKey))
  }

  sink(cluster: string, collector: string, log: Logger): ChangeSink {
    return {
      record: (change, atMs) => {
        this.#events.unshift({ time: new Date(atMs).toISOString(), cluster, collector, ...change })
        this.#events.length = Math.min(this.#events.length, capacity)
        this.#books?.set(bookKey, this.#events.slice(0, savedEvents).map(shortened))
        const { kind, subject, message, added, removed, before, after } = change
        log.info({ change: kind, subject, detail: message, added, removed, before, after }, 'change seen')
      },
    }
  }

  list(): readonly ChangeEvent[] {
    return this.#events
  }
}

function shortened(event: ChangeEvent): ChangeEvent {
  const { added, removed, before, after } = event
  const cut = (members: readonly string[]) => members.slice(0, savedMembers)
  return { ...event, added: cut(added), removed: cut(removed), before: cut(before), after: cut(after) }
}

/** What a file holds may be from another version, or edited: what is no change is passed over. */
function readEvents(saved: unknown): ChangeEvent[] {
  return list(saved)
    .slice(0, savedEvents)
    .flatMap((event) => readEvent(event) ?? [])
}

function readEvent(saved: unknown): ChangeEvent | undefined {
  const event = fields(saved)
  const kind = kinds.find((known) => known === event.kind)
  const time = isoTime(Date.parse(text(event.time)))
  const [cluster, collector, subject, message] = [event.cluster, event.collector, event.subject, event.message].map(
    text,
  )
  if (kind === undefined || time === null || !cluster || !collector || !subject || !message) return undefined
  if (Math.max(cluster.length, collector.length, subject.length, message.length) > maxTextLength) return undefined
  const members = (value: unknown) =>
    list(value)
      .slice(0, savedMembers)
      .map(text)
      .filter((member) => member !== '' && member.length <= maxTextLength)
  const { added, removed, before, after } = event
  const sets = { added: members(added), removed: members(removed), before: members(before), after: members(after) }
  return { time, cluster, collector, kind, subject, message, ...sets }
}
