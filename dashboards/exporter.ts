/** Whether the exporter sees what it should, and what that costs. */
import type { Board, Row } from './board.ts'
import { colors, levels } from './colors.ts'
import { alertListLink, boardLinks, runbookLink } from './links.ts'
import { wideAxis as axisWidth, stat, stateTimeline, timeSeries } from './panels.ts'
import { exporters as scope } from './promql.ts'
import {
  awsFailures,
  awsFailuresInAll,
  awsRequests,
  collectorAge,
  collectorDuration,
  collectorErrors,
  collectorErrorsInAll,
  collectorsDown,
  collectorUp,
  cpu,
  eventLoopLag,
  heapUsed,
  processesRunning,
  reloadSuccessful,
  repliesDropped,
  repliesDroppedInAll,
  residentMemory,
  stateSaved,
} from './queries/exporter.ts'
import { clustersVariable, datasourceVariable, targetVariable } from './variables.ts'

const yesNo = [
  { value: 1, text: 'yes', color: colors.good },
  { value: 0, text: 'no', color: colors.critical },
] as const

export function exporterBoard(): Board {
  return {
    uid: 'elb-churn-exporter',
    title: 'ELB churn / Exporter',
    description: 'Whether the exporter itself works: its collectors, their failures, its calls to AWS, its memory.',
    from: 'now-1h',
    variables: [
      datasourceVariable(),
      targetVariable('job', '', 'Scrape jobs that have an exporter.'),
      targetVariable('instance', 'job=~"$job"', 'Exporter processes.'),
      clustersVariable(),
    ],
    annotations: [],
    links: [...boardLinks('elb-churn-exporter'), alertListLink(), runbookLink('ElbChurnCollectorFailing')],
    rows: [
      statRow(),
      { height: 8, panels: [{ width: 24, panel: up() }] },
      { height: 7, panels: [{ width: 24, panel: ages() }] },
      halves(durations(), errors()),
      halves(requests(), requestFailures()),
      halves(memory(), lag()),
      halves(cores(), dropped()),
    ],
  }
}

function halves(left: Row['panels'][number]['panel'], right: Row['panels'][number]['panel']): Row {
  return {
    height: 8,
    panels: [
      { width: 12, panel: left },
      { width: 12, panel: right },
    ],
  }
}

function statRow(): Row {
  const noExporter = 'No exporter is scraped'
  const panels = [
    stat(
      {
        title: 'Exporters running',
        description: 'Processes that are scraped now, agents on nodes included.',
        noValue: noExporter,
        unit: 'none',
      },
      [{ of: processesRunning(scope), legend: 'exporters' }],
    ),
    stat(
      {
        title: 'Collectors that fail',
        description: 'Over all chosen exporters and clusters. The lanes below tell which.',
        noValue: noExporter,
        unit: 'none',
      },
      [{ of: collectorsDown(scope), legend: 'collectors' }],
      { steps: levels({ critical: 1 }) },
    ),
    stat(
      {
        title: 'Config loaded?',
        description:
          'No: at least one refused its last config and goes on with the one before. Its log names every fault.',
        noValue: noExporter,
        unit: 'none',
      },
      [{ of: reloadSuccessful(scope), legend: 'loaded' }],
      { states: yesNo },
    ),
    stat(
      {
        title: 'State saved?',
        description: 'No: a change during a restart of at least one would not be seen.',
        noValue: 'None has a place for it (--storage.path)',
        unit: 'none',
      },
      [{ of: stateSaved(scope), legend: 'saved' }],
      { states: yesNo },
    ),
  ]
  return { height: 4, panels: panels.map((panel) => ({ width: 6, panel })) }
}

function up() {
  return stateTimeline(
    {
      title: 'Collectors',
      description:
        'A lane for each collector of each cluster and exporter: whether its last run worked. After some minutes of failures what it watches is withdrawn.',
      noValue: 'No exporter is scraped, or none watches the chosen clusters',
      unit: 'none',
    },
    [{ of: collectorUp(scope), legend: '{{collector}} {{cluster}} @{{instance}}' }],
    [
      { value: 1, text: 'works', color: colors.good },
      { value: 0, text: 'fails', color: colors.critical },
    ],
    axisWidth,
  )
}

function ages() {
  return timeSeries(
    {
      title: 'Age of what is shown',
      description: 'Seconds since each collector last worked. Healthy lines stay below their schedules, 30 s at most.',
      noValue: 'No collector has ever worked',
      unit: 's',
    },
    [{ of: collectorAge(scope), legend: '{{collector}} {{cluster}} @{{instance}}' }],
    { axisWidth },
  )
}

function durations() {
  return timeSeries(
    {
      title: 'Time of a run',
      description: '95 of 100 runs of a collector take no longer. Near its schedule, it begins to skip runs.',
      noValue: 'No collector ran in this range',
      unit: 's',
    },
    [{ of: collectorDuration(scope, 0.95), legend: '{{collector}}' }],
  )
}

function errors() {
  return timeSeries(
    {
      title: 'Failures by reason',
      description: 'Per second, one for each target that failed in a run. denied and expired need somebody to act.',
      noValue: 'No exporter is scraped, or none watches the chosen clusters',
      unit: 'cps',
    },
    [
      { of: collectorErrorsInAll(scope), legend: 'all', color: colors.neutral },
      { of: collectorErrors(scope), legend: '{{collector}}: {{reason}}' },
    ],
  )
}

function requests() {
  return timeSeries(
    {
      title: 'Requests to AWS',
      description: 'Per second and with retries, of all chosen exporters together: what AWS limits and bills.',
      noValue: 'No load balancer is watched',
      unit: 'reqps',
    },
    [{ of: awsRequests(scope), legend: '{{service}} {{operation}}' }],
    { stacked: true },
  )
}

function requestFailures() {
  return timeSeries(
    {
      title: 'Requests that AWS refuses',
      description: 'Per second, by error code. Throttling: too many calls, by anybody in the account and region.',
      noValue: 'No load balancer is watched',
      unit: 'reqps',
    },
    [
      { of: awsFailuresInAll(scope), legend: 'all', color: colors.neutral },
      { of: awsFailures(scope), legend: '{{operation}}: {{code}}' },
    ],
  )
}

function memory() {
  return timeSeries(
    {
      title: 'Memory',
      description: 'Resident: what counts against the limit of the container. Heap: of it, what JavaScript uses.',
      noValue: 'No exporter is scraped',
      unit: 'bytes',
    },
    [
      { of: residentMemory(scope), legend: 'resident @{{instance}}' },
      { of: heapUsed(scope), legend: 'heap @{{instance}}' },
    ],
  )
}

function lag() {
  return timeSeries(
    {
      title: 'Event loop delay',
      description: '99 of 100 turns of the event loop begin no later. Above 0.1 s, time-outs and schedules drift.',
      noValue: 'No exporter is scraped',
      unit: 's',
    },
    [{ of: eventLoopLag(scope), legend: '{{instance}}' }],
  )
}

function cores() {
  return timeSeries(
    {
      title: 'CPU',
      description: 'Seconds of CPU per second, 1 is a whole core.',
      noValue: 'No exporter is scraped',
      unit: 'none',
    },
    [{ of: cpu(scope), legend: '{{instance}}' }],
  )
}

function dropped() {
  return timeSeries(
    {
      title: 'DNS replies dropped',
      description:
        'Per second: late, malformed, mismatched or oversized ones. Many mismatched ones: somebody forges answers.',
      noValue: 'No resolver is asked',
      unit: 'cps',
    },
    [
      { of: repliesDroppedInAll(scope), legend: 'all', color: colors.neutral },
      { of: repliesDropped(scope), legend: '{{reason}} @{{resolver}}' },
    ],
  )
}
