/** What of a node is kept: 0.2 KB of 25. */
import { fields, list, text } from '../../core/json.ts'
import { farewellTaints } from './metrics.ts'

/** The status of the Ready condition. `unknown`: the node controller has not heard from the kubelet, or no condition. */
export type Ready = 'true' | 'false' | 'unknown'

export const readyValues: readonly Ready[] = ['true', 'false', 'unknown']

export interface NodeRecord {
  readonly name: string
  readonly uid: string
  readonly createdMs: number
  readonly ready: Ready
  /** Why, in one CamelCase word of the Ready condition. */
  readonly reason: string
  /** Since when, by the condition's lastTransitionTime. */
  readonly sinceMs: number
  readonly cordoned: boolean
  /** Being deleted, or tainted by what is about to do so. */
  readonly deleting: boolean
  /** Values of the group_by labels, in their order; empty where a node lacks one. */
  readonly groups: readonly string[]
}

const farewells: ReadonlySet<string> = new Set(farewellTaints)

const statuses: Readonly<Record<string, Ready>> = { True: 'true', False: 'false', Unknown: 'unknown' }
const endOfTimeMs = Date.UTC(10_000, 0)
const reasonWord = /^[A-Za-z0-9_.:-]{1,64}$/

/** A node object of the API; undefined where it is none. */
export function pruneNode(object: unknown, groupBy: readonly string[]): NodeRecord | undefined {
  const metadata = part(object, 'metadata')
  const spec = part(object, 'spec')
  const name = metadata.name
  if (typeof name !== 'string' || name === '') return undefined
  const createdMs = time(metadata.creationTimestamp) ?? 0
  const labels = part(metadata, 'labels')
  return {
    name,
    uid: text(metadata.uid),
    createdMs,
    ...readiness(list(part(object, 'status').conditions), createdMs),
    cordoned: spec.unschedulable === true,
    deleting: metadata.deletionTimestamp != null || list(spec.taints).some(isFarewell),
    groups: groupBy.map((label) => text(labels[label])),
  }
}

function readiness(
  conditions: readonly unknown[],
  createdMs: number,
): Pick<NodeRecord, 'ready' | 'reason' | 'sinceMs'> {
  const condition = conditions.find((each) => fields(each).type === 'Ready')
  if (condition === undefined) return { ready: 'unknown', reason: 'NoReadyCondition', sinceMs: createdMs }
  const { status, reason, lastTransitionTime } = fields(condition)
  const ready = statuses[text(status)] ?? 'unknown'
  return { ready, reason: reasonOf(text(reason)), sinceMs: time(lastTransitionTime) ?? createdMs }
}

/** A label value: whatever is no word is told as one that is. */
function reasonOf(reason: string): string {
  if (reason === '') return 'NoReason'
  return reasonWord.test(reason) ? reason : 'other'
}

function isFarewell(taint: unknown): boolean {
  return farewells.has(text(fields(taint).key))
}

function part(object: unknown, key: string): Readonly<Record<string, unknown>> {
  return fields(fields(object)[key])
}

/** What no clock of a cluster shows (RFC 3339 ends with the year 9999) is no time. */
function time(value: unknown): number | undefined {
  const ms = typeof value === 'string' ? Date.parse(value) : Number.NaN
  return ms >= 0 && ms < endOfTimeMs ? ms : undefined
}
