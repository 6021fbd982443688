/** The config as the program uses it: durations in ms, defaults filled in, names of the sections as in the file. */
import { parseDuration } from '../../core/duration.ts'
import type { ConnectionsOptions } from '../../signals/connections/options.ts'
import type { DnsOptions } from '../../signals/dns/options.ts'
import type { LoadBalancerOptions } from '../../signals/elb/options.ts'
import type { HeartbeatsOptions } from '../../signals/heartbeats/options.ts'
import type { NodesOptions } from '../../signals/nodes/options.ts'
import type { ReachabilityOptions } from '../../signals/reachability/options.ts'
import type { ScheduleName } from '../../signals/signal.ts'

export interface ClusterConfig {
  readonly name: string
  readonly nodes?: NodesOptions & HeartbeatsOptions
  readonly load_balancers?: readonly LoadBalancerOptions[]
  readonly dns?: DnsOptions
  readonly connections?: ConnectionsOptions
  readonly reachability?: ReachabilityOptions
}

export interface Config {
  readonly schedules: Readonly<Record<ScheduleName, string>>
  readonly retentionMs: number
  readonly resolvConf: string
  readonly clusters: readonly ClusterConfig[]
}

/** The file after the schema has checked it and filled the defaults in. */
export interface ConfigFile {
  schedules: Record<ScheduleName, string>
  retention: string
  resolv_conf: string
  clusters: ClusterFile[]
}

export interface ClusterFile {
  name: string
  nodes?: NodesFile
  load_balancers?: LoadBalancerFile[]
  dns?: DnsOptions
  connections?: { proc: string }
  reachability?: { port: number; timeout: string }
}

export interface NodesFile {
  kubeconfig?: string
  context?: string
  in_cluster: boolean
  group_by: string[]
  min_age: string
  heartbeat_stale_after: string
}

export interface LoadBalancerFile extends Omit<LoadBalancerOptions, 'roleArn'> {
  role_arn?: string
}

export function toConfig(file: ConfigFile): Config {
  return {
    schedules: file.schedules,
    retentionMs: milliseconds(file.retention),
    resolvConf: file.resolv_conf,
    clusters: file.clusters.map(toCluster),
  }
}

function toCluster({ name, nodes, load_balancers, dns, connections, reachability }: ClusterFile): ClusterConfig {
  return {
    name,
    ...(nodes && { nodes: toNodes(nodes) }),
    ...(load_balancers && { load_balancers: load_balancers.map(toLoadBalancers) }),
    ...(dns && { dns }),
    ...(connections && { connections }),
    ...(reachability && {
      reachability: { port: reachability.port, timeoutMs: milliseconds(reachability.timeout) },
    }),
  }
}

function toNodes(file: NodesFile): NodesOptions & HeartbeatsOptions {
  const { in_cluster, group_by, min_age, heartbeat_stale_after, ...rest } = file
  return {
    ...rest,
    inCluster: in_cluster,
    groupBy: group_by,
    minAgeMs: milliseconds(min_age),
    heartbeatStaleAfterMs: milliseconds(heartbeat_stale_after),
  }
}

function toLoadBalancers({ role_arn, ...rest }: LoadBalancerFile): LoadBalancerOptions {
  return { ...rest, ...(role_arn !== undefined && { roleArn: role_arn }) }
}

/** The schema has let only durations through. */
function milliseconds(duration: string): number {
  return parseDuration(duration) ?? 0
}
