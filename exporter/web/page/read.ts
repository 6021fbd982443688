/** Reads what the page shows from what /api/v1/status tells programs. */
import { fields, list, text } from '../../core/json.ts'
import type { ChangeEvent } from '../../service/changes.ts'
import type { RatioStretch } from '../../service/ratio-history.ts'
import type { ClusterStatus, Service } from '../../service/service.ts'
import { count, texts, timeMs } from './fields.ts'
import {
  addressStates,
  type ClusterModel,
  type CollectorModel,
  type ConnectionsModel,
  type HeartbeatsModel,
  type LoadBalancerModel,
  type NodesModel,
  type QuestionModel,
  type ReachModel,
} from './model.ts'

export function readClusters(service: Pick<Service, 'status' | 'history' | 'ratios'>): ClusterModel[] {
  const changes = Map.groupBy(service.history.list(), ({ cluster }) => cluster)
  return service
    .status()
    .map((status) => readCluster(status, changes.get(status.name) ?? [], service.ratios(status.name)))
}

export function readCluster(
  { name, collectors }: ClusterStatus,
  changes: readonly ChangeEvent[],
  ratios: readonly RatioStretch[],
): ClusterModel {
  const watched = (collector: string) => fields(collectors[collector]).watched
  const came = arrivals(changes)
  return {
    name,
    collectors: Object.entries(collectors).map(([collector, status]) => readCollector(collector, status)),
    loadBalancers: list(fields(watched('load_balancers')).load_balancers).map((each) => readLoadBalancer(each, came)),
    questions: readQuestions(list(watched('dns'))),
    nodes: 'nodes' in collectors ? readNodes(watched('nodes')) : undefined,
    heartbeats: 'heartbeats' in collectors ? readHeartbeats(watched('heartbeats')) : undefined,
    connections: list(watched('connections')).map(readConnections),
    reach: list(fields(watched('reachability')).addresses).map(readReach),
    changes,
    ratios,
  }
}

function readCollector(name: string, status: unknown): CollectorModel {
  const { up, last_success, tasks } = fields(status)
  const each = list(tasks).map(fields)
  const failing = each.flatMap(({ failing_since }) => timeMs(failing_since) ?? [])
  return {
    name,
    up: typeof up === 'boolean' ? (up ? 'up' : 'failing') : 'starting',
    lastSuccessMs: timeMs(last_success),
    failingSinceMs: failing.length === 0 ? undefined : Math.min(...failing),
    failures: each.flatMap(({ failures }) =>
      list(failures)
        .map(fields)
        .map(({ reason, message }) => ({ reason: text(reason), message: text(message) })),
    ),
    failuresOmitted: each.reduce((sum, { failures_omitted }) => sum + count(failures_omitted), 0),
  }
}

/** When each address was last seen to come, by load balancer and address. */
function arrivals(changes: readonly ChangeEvent[]): ReadonlyMap<string, number> {
  const came = new Map<string, number>()
  for (const { kind, subject, added, time } of changes) {
    if (kind !== 'elb_addresses') continue
    for (const address of added) {
      const key = `${subject} ${address}`
      const atMs = timeMs(time)
      if (atMs !== undefined && !came.has(key)) came.set(key, atMs)
    }
  }
  return came
}

function readLoadBalancer(value: unknown, came: ReadonlyMap<string, number>): LoadBalancerModel {
  const own = fields(value)
  const name = text(own.load_balancer)
  return {
    name,
    facts: [text(own.type), text(own.scheme), text(own.region)].filter((fact) => fact !== ''),
    dnsName: text(own.dns_name),
    askedMs: timeMs(own.asked),
    failures: list(own.failures).map((failure) => text(fields(failure).message)),
    addresses: addressStates.flatMap((state) =>
      list(own[state])
        .map(fields)
        .map(({ address, zone, since }) => ({
          address: text(address),
          zone: text(zone),
          state,
          sinceMs: state === 'active' ? came.get(`${name} ${text(address)}`) : timeMs(since),
        })),
    ),
  }
}

function readQuestions(answers: readonly unknown[]): QuestionModel[] {
  const groups = Map.groupBy(answers.map(fields), ({ hostname, type }) => `${text(hostname)} ${text(type)}`)
  return [...groups.values()].map((own) => ({
    hostname: text(own[0]?.hostname),
    type: text(own[0]?.type),
    answers: own.map((answer) => ({
      resolver: text(answer.resolver),
      records: texts(answer.records),
      chain: texts(answer.chain),
      rcode: text(answer.rcode),
      ttlSeconds: typeof answer.ttl_seconds === 'number' ? answer.ttl_seconds : undefined,
      lastChangeMs: timeMs(answer.last_change),
      lastSuccessMs: timeMs(answer.last_success),
      failure: answer.failure == null ? undefined : text(fields(answer.failure).message),
    })),
  }))
}

function readNodes(value: unknown): NodesModel {
  const { server, listed_at, nodes, excluded, not_ready, not_ready_omitted } = fields(value)
  const notReady = list(not_ready)
    .map(fields)
    .map(({ node, ready, reason, since }) => ({
      node: text(node),
      ready: text(ready),
      reason: text(reason),
      sinceMs: timeMs(since),
    }))
  return {
    server: text(server),
    listed: timeMs(listed_at) !== undefined,
    total: count(nodes),
    notReadyCount: notReady.length + count(not_ready_omitted),
    excluded: Object.entries(fields(excluded)).map(([why, nodes]) => [why, count(nodes)] as const),
    notReady,
  }
}

function readHeartbeats(value: unknown): HeartbeatsModel {
  const { nodes_with_lease, stale, stale_omitted } = fields(value)
  const late = list(stale)
    .map(fields)
    .map(({ node, age_seconds }) => ({ node: text(node), ageSeconds: count(age_seconds) }))
  return {
    known: typeof nodes_with_lease === 'number',
    counted: count(nodes_with_lease),
    staleCount: late.length + count(stale_omitted),
    stale: late,
  }
}

function readConnections(value: unknown): ConnectionsModel {
  const own = fields(value)
  const inState = (state: 'active' | 'retired') =>
    list(own[state])
      .map(fields)
      .map(({ address, connections, stalled }) => ({
        address: text(address),
        state,
        open: count(connections),
        stalled: count(stalled),
      }))
  return { hostname: text(own.hostname), addresses: [...inState('retired'), ...inState('active')] }
}

function readReach(value: unknown): ReachModel {
  const { address, reachable, milliseconds, why } = fields(value)
  const detail = reachable === true ? `connected in ${count(milliseconds)} ms` : text(why)
  return { address: text(address), reachable: reachable === true, detail }
}
