/** What the resolvers answer, for one cluster. */
import { defaultConfig } from '../alerts/config.ts'
import { dnsChanges } from './annotations.ts'
import type { Board } from './board.ts'
import { colors, levels } from './colors.ts'
import { answerStates } from './incident/timeline.ts'
import { boardLinks, runbookLink } from './links.ts'
import { wideAxis as axisWidth, stateTimeline, timeSeries } from './panels.ts'
import { clusters, hostnames, resolvers, answers as scope } from './promql.ts'
import {
  answerChanges,
  answerCount,
  answerTimeline,
  answerTtl,
  failingShare,
  queryDuration,
  queryResults,
  resolversAgree,
  target,
} from './queries/changes.ts'
import { clusterVariable, datasourceVariable, dnsVariable } from './variables.ts'

const full = (height: number, panel: Board['rows'][number]['panels'][number]['panel']) => ({
  height,
  panels: [{ width: 24, panel }],
})

export function dnsBoard(): Board {
  const { matchers } = clusters
  return {
    uid: 'elb-churn-dns',
    title: 'ELB churn / DNS',
    description:
      'One cluster: what each resolver answers for the watched hostnames, how fresh, how fast, and how often not at all.',
    from: 'now-1h',
    variables: [
      datasourceVariable(),
      clusterVariable(),
      dnsVariable('hostname', matchers),
      dnsVariable('resolver', matchers),
    ],
    annotations: [dnsChanges(scope)],
    links: [...boardLinks('elb-churn-dns'), runbookLink('DNSAnswersDisagree')],
    rows: [
      full(5, agreement()),
      full(8, answers()),
      full(6, changes()),
      {
        height: 8,
        panels: [
          { width: 8, panel: counts() },
          { width: 8, panel: ttls() },
          { width: 8, panel: latency() },
        ],
      },
      {
        height: 8,
        panels: [
          { width: 12, panel: results() },
          { width: 12, panel: failures() },
        ],
      },
    ],
  }
}

function agreement() {
  return stateTimeline(
    {
      title: 'Do the resolvers agree?',
      description:
        'A lane for each hostname and type: whether all resolvers that answered gave one answer. After a change they may differ for as long as the answers are cached.',
      noValue: 'No hostname is watched in this cluster, or no resolver answers',
      unit: 'none',
    },
    [{ of: resolversAgree(hostnames), legend: '{{hostname}} {{type}}' }],
    [
      { value: 1, text: 'agree', color: colors.good },
      { value: 0, text: 'differ', color: colors.warning },
    ],
    axisWidth,
  )
}

function answers() {
  return stateTimeline(
    {
      title: 'Answers of each resolver',
      description:
        'A lane for each record that a resolver answers, for as long as it does. Orange: an address that left its load balancer.',
      noValue: 'No hostname is watched in this cluster, or collector dns fails',
      unit: 'none',
    },
    [{ of: answerTimeline(scope, target), legend: '{{answer}} {{hostname}} @{{resolver}}' }],
    answerStates,
    axisWidth,
  )
}

function changes() {
  return timeSeries(
    {
      title: 'Changes of answers',
      description: 'How often the answer changed as a set within each step. Order, duplicates and TTL are no change.',
      noValue: 'No hostname is watched: unknown, not zero',
      unit: 'none',
    },
    [{ of: answerChanges(scope, '$__rate_interval'), legend: '{{hostname}} {{type}} @{{resolver}}' }],
    { bars: true, interval: '1m', axisWidth },
  )
}

function counts() {
  return timeSeries(
    {
      title: 'Records in the answer',
      description:
        'An ELB answers with at most 8 of its addresses. 0: the name exists no more, said three times in a row.',
      noValue: 'No answer is known: not the same as an empty one',
      unit: 'none',
    },
    [{ of: answerCount(scope), legend: '{{hostname}} {{type}} @{{resolver}}' }],
  )
}

function ttls() {
  return timeSeries(
    {
      title: 'TTL',
      description:
        'Least TTL in the answer. At a caching resolver it counts down and begins anew; at an authoritative one it stands still. ELB names have 60 s.',
      noValue: 'No answer is known, or all are empty',
      unit: 's',
    },
    [{ of: answerTtl(scope), legend: '{{hostname}} {{type}} @{{resolver}}' }],
  )
}

function latency() {
  return timeSeries(
    {
      title: 'Time to answer',
      description:
        'Half of the replies, and 99 of 100, come within this time. A time-out counts as its whole length, 2 s.',
      noValue: 'No query was sent in this range',
      unit: 's',
    },
    [
      { of: queryDuration(resolvers, 0.5), legend: 'half @{{resolver}}' },
      { of: queryDuration(resolvers, 0.99), legend: '99 % @{{resolver}}' },
    ],
  )
}

function results() {
  return timeSeries(
    {
      title: 'Results of queries',
      description:
        'Queries per second by resolver and result. NOERROR and NXDOMAIN are answers, all else is a failure.',
      noValue: 'No query was sent in this range',
      unit: 'reqps',
    },
    [{ of: queryResults(scope), legend: '{{result}} @{{resolver}}' }],
    { stacked: true },
  )
}

function failures() {
  const { failing_ratio } = defaultConfig
  return timeSeries(
    {
      title: 'Share of queries that fail',
      description: `Changes of a name are not seen while its queries fail. Dashed: DNSQueriesFailing warns above ${failing_ratio * 100} %.`,
      noValue: 'No query was sent in this range',
      unit: 'percentunit',
    },
    [{ of: failingShare(scope), legend: '{{hostname}} {{type}} @{{resolver}}' }],
    { steps: levels({ warning: failing_ratio }), max: 1 },
  )
}
