/** What the page shows of a cluster. */
import type { ChangeEvent } from '../../service/changes.ts'
import type { RatioStretch } from '../../service/ratio-history.ts'

export type Up = 'up' | 'failing' | 'starting'

export interface CollectorModel {
  readonly name: string
  readonly up: Up
  readonly lastSuccessMs: number | undefined
  readonly failingSinceMs: number | undefined
  readonly failures: readonly { readonly reason: string; readonly message: string }[]
  readonly failuresOmitted: number
}

export const addressStates = ['dead', 'retired', 'pending', 'active'] as const
export type AddressState = (typeof addressStates)[number]

export interface AddressModel {
  readonly address: string
  readonly zone: string
  readonly state: AddressState
  /** Of one that left: when; of one in service: when it came, where that was seen. */
  readonly sinceMs: number | undefined
}

export interface LoadBalancerModel {
  readonly name: string
  readonly facts: readonly string[]
  readonly dnsName: string
  readonly askedMs: number | undefined
  readonly failures: readonly string[]
  /** Those that left first. */
  readonly addresses: readonly AddressModel[]
}

export interface AnswerModel {
  readonly resolver: string
  readonly records: readonly string[]
  readonly chain: readonly string[]
  readonly rcode: string
  readonly ttlSeconds: number | undefined
  readonly lastChangeMs: number | undefined
  readonly lastSuccessMs: number | undefined
  readonly failure: string | undefined
}

export interface QuestionModel {
  readonly hostname: string
  readonly type: string
  readonly answers: readonly AnswerModel[]
}

export interface NodesModel {
  readonly server: string
  readonly listed: boolean
  readonly total: number
  readonly notReadyCount: number
  readonly excluded: readonly (readonly [why: string, count: number])[]
  /** Longest first. */
  readonly notReady: readonly NotReadyNode[]
}

export interface NotReadyNode {
  readonly node: string
  readonly ready: string
  readonly reason: string
  readonly sinceMs: number | undefined
}

export interface HeartbeatsModel {
  readonly known: boolean
  readonly counted: number
  readonly staleCount: number
  readonly stale: readonly { readonly node: string; readonly ageSeconds: number }[]
}

export interface ConnectionsModel {
  readonly hostname: string
  readonly addresses: readonly {
    readonly address: string
    readonly state: 'active' | 'retired'
    readonly open: number
    readonly stalled: number
  }[]
}

export interface ReachModel {
  readonly address: string
  readonly reachable: boolean
  readonly detail: string
}

export interface ClusterModel {
  readonly name: string
  readonly collectors: readonly CollectorModel[]
  readonly loadBalancers: readonly LoadBalancerModel[]
  readonly questions: readonly QuestionModel[]
  readonly nodes: NodesModel | undefined
  readonly heartbeats: HeartbeatsModel | undefined
  readonly connections: readonly ConnectionsModel[]
  readonly reach: readonly ReachModel[]
  /** Newest first. */
  readonly changes: readonly ChangeEvent[]
  readonly ratios: readonly RatioStretch[]
}
