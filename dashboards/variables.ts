/** Variables of the boards. All are read again when the time range changes, so that a past incident finds its own values. */
import {
  DatasourceVariableBuilder,
  QueryVariableBuilder,
  VariableRefresh,
  VariableSort,
} from '@grafana/grafana-foundation-sdk/dashboard'
import { type LabelOf, type MetricName, select, type TargetLabel } from '../alerts/promql.ts'

/** Of every panel, variable and annotation: the one that the board's variable names. */
export const datasource = { type: 'prometheus', uid: `\${datasource}` } as const

export function datasourceVariable(): DatasourceVariableBuilder {
  return new DatasourceVariableBuilder('datasource')
    .label('Data source')
    .description('The Prometheus that scrapes elb-churn-exporter and evaluates its alert rules.')
    .type('prometheus')
}

/** One cluster. All is among the choices, since a link from a board of several can carry it here. */
export function clusterVariable(): QueryVariableBuilder {
  return labelValues('cluster', 'elbchurn_collector_up', '')
    .label('Cluster')
    .description('The cluster to look at.')
    .includeAll(true)
    .allValue('.*')
}

/** `.*` for all of them, so that series without the label are among them. */
export function clustersVariable(): QueryVariableBuilder {
  return several('cluster', 'elbchurn_collector_up', '', '.*')
    .label('Clusters')
    .description('The clusters to compare; All is every one that some exporter watches.')
}

export function targetVariable(label: TargetLabel, matchers: string, description: string): QueryVariableBuilder {
  const title = label === 'job' ? 'Job' : 'Instance'
  return several(label, 'elbchurn_build_info', matchers, '.+').label(title).description(description)
}

export function dnsVariable(label: 'hostname' | 'resolver', matchers: string): QueryVariableBuilder {
  const title = label === 'hostname' ? 'Hostname' : 'Resolver'
  return several(label, 'elbchurn_dns_queries_total', matchers, '.*')
    .label(title)
    .description(`Each ${label} of the cluster.`)
}

function several<M extends MetricName>(label: LabelOf<M>, metric: M, matchers: string, all: string) {
  const everything = { selected: true, text: ['All'], value: ['$__all'] }
  return labelValues(label, metric, matchers).multi(true).includeAll(true).allValue(all).current(everything)
}

function labelValues<M extends MetricName>(label: LabelOf<M>, metric: M, matchers: string): QueryVariableBuilder {
  const query = `label_values(${select(metric, undefined, matchers).text}, ${label})`
  return new QueryVariableBuilder(label)
    .datasource(datasource)
    .query(query)
    .definition(query)
    .refresh(VariableRefresh.OnTimeRangeChanged)
    .sort(VariableSort.NaturalAsc)
}
