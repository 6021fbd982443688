/** What is the matter with a cluster, in one word and one sentence, and which clusters come first. Pure. */
import type { ChangeEvent } from '../../service/changes.ts'
import { timeMs } from './fields.ts'
import type { ClusterModel, QuestionModel } from './model.ts'
import { duration, percent, plural } from './words.ts'

/** `bad`: nodes or connections suffer. `warn`: somebody should look. `quiet`: nothing to do. */
export type Level = 'bad' | 'warn' | 'unknown' | 'quiet'

export interface Verdict {
  readonly level: Level
  readonly word: string
  readonly sentence: string
}

/** A removal is taken for the cause of what comes within this time, as the alerts do. */
const causeMs = 20 * 60_000
const badRatio = 0.1

interface Finding extends Omit<Verdict, 'sentence'> {
  readonly text: string
}

export function verdictOf(cluster: ClusterModel, nowMs: number): Verdict {
  const findings = findingsOf(cluster, nowMs)
  const [worst] = [...findings].sort((left, right) => rank(left.level) - rank(right.level))
  if (worst !== undefined && rank(worst.level) < rank('unknown'))
    return { level: worst.level, word: worst.word, sentence: findings.map(({ text }) => text).join('; ') }
  if (cluster.collectors.some(({ up }) => up === 'starting'))
    return { level: 'unknown', word: 'Starting', sentence: 'not every collector has finished its first run' }
  const changed = findings.map(({ text }) => text).join('; ')
  return { level: 'quiet', word: 'Quiet', sentence: changed === '' ? quietWords(cluster) : changed }
}

export interface Judged {
  readonly cluster: ClusterModel
  readonly verdict: Verdict
}

/** Worst first; among equals as the config has them. */
export function worstFirst(clusters: readonly ClusterModel[], nowMs: number): Judged[] {
  const judged = clusters.map((cluster) => ({ cluster, verdict: verdictOf(cluster, nowMs) }))
  return judged.sort((left, right) => rank(left.verdict.level) - rank(right.verdict.level))
}

function findingsOf(cluster: ClusterModel, nowMs: number): Finding[] {
  const recent = recentRemoval(cluster.changes, nowMs)
  return [
    ...notReady(cluster, recent !== undefined),
    ...stalled(cluster),
    ...late(cluster),
    ...(recent === undefined ? [] : [left(recent, nowMs)]),
    ...differing(cluster.questions),
    ...failing(cluster),
  ]
}

/** Of a load balancer before one of an answer: what a name lost is what the load balancer behind it did. */
function recentRemoval(changes: readonly ChangeEvent[], nowMs: number): ChangeEvent | undefined {
  const recent = changes.filter(({ removed, time }) => removed.length > 0 && nowMs - (timeMs(time) ?? 0) < causeMs)
  const kinds = ['elb_addresses', 'dns_answer'] as const
  return kinds.map((wanted) => recent.find(({ kind }) => kind === wanted)).find((found) => found !== undefined)
}

function notReady({ nodes, collectors }: ClusterModel, removal: boolean): Finding[] {
  if (nodes === undefined || nodes.notReadyCount === 0) return []
  const ratio = nodes.notReadyCount / Math.max(1, nodes.total)
  const followed = collectors.some(({ name, up }) => name === 'nodes' && up === 'up')
  const text = `${nodes.notReadyCount} of ${plural(nodes.total, 'node')} not ready (${percent(ratio)})${followed ? '' : ', as last known'}`
  const word = removal ? 'Nodes stranded' : 'Nodes not ready'
  return [{ level: removal || ratio >= badRatio ? 'bad' : 'warn', word, text }]
}

function stalled({ connections }: ClusterModel): Finding[] {
  const hung = connections.flatMap(({ addresses }) => addresses.filter((each) => each.stalled > 0))
  if (hung.length === 0) return []
  const count = hung.reduce((sum, each) => sum + each.stalled, 0)
  const text = `${plural(count, 'connection')} of this machine ${count === 1 ? 'stalls' : 'stall'}`
  return [{ level: 'bad', word: 'Connections stall', text }]
}

function late({ heartbeats }: ClusterModel): Finding[] {
  if (heartbeats === undefined || heartbeats.staleCount === 0) return []
  return [{ level: 'warn', word: 'Heartbeats late', text: `${plural(heartbeats.staleCount, 'late heartbeat')}` }]
}

function left({ kind, subject, removed, time }: ChangeEvent, nowMs: number): Finding {
  const gone = removed.length > 2 ? plural(removed.length, 'address', 'addresses') : removed.join(' and ')
  const ago = duration(nowMs - (timeMs(time) ?? nowMs))
  const who = kind === 'elb_addresses' ? subject : `the answer ${subject}`
  return { level: 'quiet', word: 'Changed', text: `${who} lost ${gone} ${ago} ago` }
}

function differing(questions: readonly QuestionModel[]): Finding[] {
  const apart = questions.filter((question) => !agrees(question))
  const [first] = apart
  if (first === undefined) return []
  const text = `resolvers differ on ${first.hostname} ${first.type}${apart.length > 1 ? ` and ${apart.length - 1} more` : ''}`
  return [{ level: 'warn', word: 'Answers differ', text }]
}

function failing({ collectors }: ClusterModel): Finding[] {
  const down = collectors.filter(({ up }) => up === 'failing').map(({ name }) => name)
  if (down.length === 0) return []
  return [
    { level: 'warn', word: 'Watcher failing', text: `${plural(down.length, 'collector')} failing: ${down.join(', ')}` },
  ]
}

/** true where all resolvers that answer give one answer. */
export function agrees({ answers }: QuestionModel): boolean {
  const given = answers.filter(({ failure, lastSuccessMs }) => failure === undefined && lastSuccessMs !== undefined)
  const [first] = given
  return given.every(({ records }) => {
    return records.length === first?.records.length && records.every((record, index) => record === first.records[index])
  })
}

function quietWords({ nodes, loadBalancers, questions }: ClusterModel): string {
  const active = loadBalancers.flatMap(({ addresses }) => addresses.filter(({ state }) => state === 'active'))
  const parts = [
    ...(nodes === undefined ? [] : [`all ${plural(nodes.total, 'node')} ready`]),
    ...(loadBalancers.length === 0 ? [] : [`${plural(active.length, 'address', 'addresses')} in service`]),
    ...(questions.length === 0 ? [] : ['resolvers agree']),
  ]
  return parts.length === 0 ? 'nothing has happened' : parts.join(', ')
}

function rank(level: Level): number {
  return ['bad', 'warn', 'unknown', 'quiet'].indexOf(level)
}
