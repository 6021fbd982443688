/** Watches the answers of the hostnames in the config, each at each resolver. */
import type { Failure } from '../../core/poll.ts'
import { spread, spreadWindow } from '../../core/spread.ts'
import type { Question } from '../../sources/dns/client.ts'
import { canonicalHostname } from '../../sources/dns/hostname.ts'
import { type Collector, type CollectorDeps, type RunContext, type Scope, staleAfter, type Trace } from '../signal.ts'
import { QuestionGroup } from './agreement.ts'
import type { DnsMetric } from './metrics.ts'
import type { DnsOptions } from './options.ts'
import { Target } from './target.ts'

/** Two packets of 2 s each to a resolver that is dead. */
const worstQueryMs = 4_000
/** A run ends before the next one is due; what it still waits for goes on without it. */
const runShare = 0.9

export function create(options: DnsOptions, deps: CollectorDeps): Collector {
  const closing = new AbortController()
  const groups = createGroups(options, deps, closing.signal)
  const targets = groups.flatMap((group) => group.targets)
  tellLostBooks(targets, deps)
  const inFlight = new Set<Promise<void>>()
  const answers = { all: () => targets }
  deps.views.answers.tell(answers)

  const ask = (group: QuestionGroup, trace: Trace): void => {
    for (const asked of group.ask(trace)) {
      inFlight.add(asked)
      const settled = () => inFlight.delete(asked)
      asked.then(settled, settled)
    }
  }

  const run = async ({ signal, intervalMs, first, trace }: RunContext): Promise<readonly Failure[]> => {
    const startedAt = deps.clock.monotonic()
    const windowMs = first ? 0 : spreadWindow(intervalMs, worstQueryMs)
    for (const { atMs, items } of spread(groups, windowMs)) {
      await sleepUntil(startedAt + atMs, deps, signal)
      if (signal.aborted) return []
      for (const group of items) ask(group, trace)
    }
    await settleOrStop([...inFlight], startedAt + runShare * intervalMs, deps, signal)
    if (signal.aborted) return []
    for (const group of groups) if (group.targets.some((target) => target.inFlight)) group.publish()
    return targets.map((target) => target.failure()).filter((failure) => failure !== undefined)
  }

  return {
    tasks: [{ kind: 'scheduled', name: 'answers', schedule: 'dns', timeoutMs: (intervalMs) => intervalMs, run }],
    status: () => targets.map((target) => target.status()),
    stop: async () => {
      deps.views.answers.withdraw(answers)
      closing.abort()
      await Promise.allSettled(inFlight)
    },
  }
}

/** Scopes and books of targets that the config no longer has are dropped here. */
function createGroups(options: DnsOptions, deps: CollectorDeps, signal: AbortSignal): QuestionGroup[] {
  const scopes = new Set<string>()
  const scope = (key: string): Scope<DnsMetric> => {
    scopes.add(key)
    return deps.metrics.scope<DnsMetric>(key, staleAfter(deps.intervalMs('dns')))
  }
  const resolvers = [...new Set(options.resolvers)].map((resolver) => ({
    resolver,
    scope: scope(`resolver ${resolver}`),
  }))
  const groups = questionsOf(options).map((question) => {
    const targets = resolvers.map((each) => new Target(question, each.resolver, each.scope, deps, signal))
    const { hostname, type } = question
    return new QuestionGroup(targets, scope(`${hostname} ${type}`), { hostname, type })
  })
  const targetKeys = new Set(groups.flatMap(({ targets }) => targets.map(({ key }) => key)))
  deps.metrics.retain(new Set([...scopes, ...targetKeys]))
  for (const key of deps.books.keys()) if (!targetKeys.has(key)) deps.books.delete(key)
  return groups
}

function tellLostBooks(targets: readonly Target[], { log }: CollectorDeps): void {
  const lost = targets.filter(({ lostBook }) => lostBook).map(({ key }) => key)
  const [first] = lost
  if (first === undefined) return
  const advice = 'the next answer is the baseline: a change during the downtime is not seen, and its time is not known'
  log.warn({ answers: lost.length, first, advice }, 'saved DNS answers cannot be read and were dropped')
}

/** Names × types, each once, in the spelling that is the label. A name that cannot be asked fails when it is asked. */
function questionsOf({ names }: DnsOptions): Question[] {
  const questions = new Map<string, Question>()
  for (const { hostname: text, types } of names) {
    const check = canonicalHostname(text)
    const hostname = check.ok ? check.hostname : text
    for (const type of types) questions.set(`${hostname} ${type}`, { hostname, type })
  }
  return [...questions.values()]
}

async function sleepUntil(atMs: number, { clock }: CollectorDeps, signal: AbortSignal): Promise<void> {
  const leftMs = atMs - clock.monotonic()
  if (leftMs > 0) await clock.sleep(leftMs, signal)
}

async function settleOrStop(
  asked: readonly Promise<void>[],
  atMs: number,
  { clock }: CollectorDeps,
  signal: AbortSignal,
): Promise<void> {
  const settled = new AbortController()
  const enough = clock.sleep(Math.max(0, atMs - clock.monotonic()), AbortSignal.any([signal, settled.signal]))
  await Promise.race([Promise.all(asked), enough])
  settled.abort()
}
