/** Metrics of the service itself. The runner puts the collector ones on, the same for every collector. */
import type { MetricTable } from '../metrics/spec.ts'

const perCollector = 'clusters × collectors'

export const serviceMetrics = {
  elbchurn_collector_up: {
    type: 'gauge',
    help: 'Whether the last run of the collector worked, for all that it watches.',
    labels: ['cluster', 'collector'],
    keptWhenStale: true,
    cardinality: perCollector,
  },
  elbchurn_collector_last_success_timestamp_seconds: {
    type: 'gauge',
    help: 'When the collector last worked for all that it watches, Unix time.',
    labels: ['cluster', 'collector'],
    keptWhenStale: true,
    cardinality: perCollector,
  },
  elbchurn_collector_duration_seconds: {
    type: 'histogram',
    help: 'Time of a run of the collector.',
    labels: ['cluster', 'collector'],
    buckets: [0.005, 0.025, 0.1, 0.5, 1, 2.5, 5, 10, 30],
    cardinality: `${perCollector} × 11`,
  },
  elbchurn_collector_errors_total: {
    type: 'counter',
    help: 'Failures of the collector by kind, one for each target that failed in a run.',
    labels: ['cluster', 'collector', 'reason'],
    cardinality: `${perCollector} × 11 reasons`,
  },
  elbchurn_build_info: {
    type: 'gauge',
    help: 'Always 1, labelled by the version of the exporter and of its runtime.',
    labels: ['version', 'nodeversion'],
    keptWhenStale: true,
    cardinality: '1',
  },
  elbchurn_config_last_reload_successful: {
    type: 'gauge',
    help: 'Whether the last load of the config worked.',
    labels: [],
    keptWhenStale: true,
    cardinality: '1',
  },
  elbchurn_config_last_reload_success_timestamp_seconds: {
    type: 'gauge',
    help: 'When the config was last loaded with success, Unix time.',
    labels: [],
    keptWhenStale: true,
    cardinality: '1',
  },
  elbchurn_web_config_last_reload_successful: {
    type: 'gauge',
    help: 'Whether the web config as its files are now is in force. Absent without --web.config.file.',
    labels: [],
    keptWhenStale: true,
    cardinality: '1',
  },
  elbchurn_state_last_save_successful: {
    type: 'gauge',
    help: 'Whether the last save of the state file worked. Absent without --storage.path.',
    labels: [],
    keptWhenStale: true,
    cardinality: '1',
  },
} as const satisfies MetricTable
