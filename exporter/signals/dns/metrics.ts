import type { MetricTable } from '../../metrics/spec.ts'

const target = ['cluster', 'hostname', 'type', 'resolver'] as const
const perTarget = '1 for each hostname, type and resolver of the config'

/** Metrics of the config section `dns`. */
export const dnsMetrics = {
  elbchurn_dns_answers: {
    type: 'gauge',
    help: 'Records in the answer. An answer of exactly 8 may be a part, so records of the last answers are in it too.',
    labels: target,
    cardinality: perTarget,
  },
  elbchurn_dns_answer_info: {
    type: 'gauge',
    help: 'Always 1: each record now in the answer.',
    labels: [...target, 'answer'],
    cardinality: '1 for each record of a hostname, type and resolver',
  },
  elbchurn_dns_answer_changes_total: {
    type: 'counter',
    help: 'Changes of the answer as a set: order, case, duplicates and TTL do not count. NXDOMAIN and empty answers are a change when 3 come in a row, whatever failures are between.',
    labels: target,
    cardinality: perTarget,
  },
  elbchurn_dns_answer_last_change_timestamp_seconds: {
    type: 'gauge',
    help: 'When the answer last changed. Survives a restart; absent until the first change.',
    labels: target,
    keptWhenStale: true,
    cardinality: perTarget,
  },
  elbchurn_dns_answer_ttl_seconds: {
    type: 'gauge',
    help: 'Least TTL in the answer, CNAMEs included. Absent when the answer is empty, once that is believed.',
    labels: target,
    cardinality: perTarget,
  },
  elbchurn_dns_queries_total: {
    type: 'counter',
    help: 'Packets that ask for a hostname, or for what its CNAMEs lead to, and what came of each: response code, timeout, malformed or network. Those that find the servers of its zone do not count, but where these fail so that it cannot be asked for.',
    labels: [...target, 'result'],
    cardinality: `${perTarget} and result, of which 28 are possible and 1 to 3 usual`,
  },
  elbchurn_dns_query_duration_seconds: {
    type: 'histogram',
    help: 'Time from a packet sent to its reply, or to its time-out.',
    labels: ['cluster', 'resolver'],
    buckets: [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 4],
    cardinality: '16 series for each resolver of the config',
  },
  elbchurn_dns_replies_dropped_total: {
    type: 'counter',
    help: 'Replies thrown away because they fit no query: late, malformed, mismatched or oversized.',
    labels: ['cluster', 'resolver', 'reason'],
    cardinality: '4 for each resolver of the config',
  },
  elbchurn_dns_resolvers_agree: {
    type: 'gauge',
    help: 'Whether all resolvers that answered gave one answer.',
    labels: ['cluster', 'hostname', 'type'],
    cardinality: '1 for each hostname and type of the config',
  },
} as const satisfies MetricTable

export type DnsMetric = keyof typeof dnsMetrics
