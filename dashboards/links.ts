/** Links between the boards and out of them. */
import { DashboardLinkBuilder, DashboardLinkType } from '@grafana/grafana-foundation-sdk/dashboard'
import { defaultConfig } from '../alerts/config.ts'
import type { BoardUid } from './board.ts'

const targets: Readonly<Record<BoardUid, { readonly title: string; readonly tooltip: string }>> = {
  'elb-churn-fleet': { title: 'Fleet', tooltip: 'All clusters, worst first' },
  'elb-churn-incident': { title: 'Incident', tooltip: 'One cluster: cause and effect on one time axis' },
  'elb-churn-dns': { title: 'DNS', tooltip: 'Answers of each resolver, TTL, latency and failures' },
  'elb-churn-exporter': { title: 'Exporter', tooltip: 'Whether the exporter sees what it should' },
}

/** To every other board, with time range and variables. */
export function boardLinks(own: BoardUid): DashboardLinkBuilder[] {
  return Object.entries(targets).flatMap(([uid, { title, tooltip }]) =>
    uid === own ? [] : [link(title, `/d/${uid}`, tooltip).icon('dashboard').includeVars(true).keepTime(true)],
  )
}

export function runbookLink(alert: string, title = 'Runbook'): DashboardLinkBuilder {
  return link(title, runbook(alert), `What to do about ${alert}`).icon('doc').targetBlank(true)
}

export function runbook(alert: string): string {
  return `${defaultConfig.runbook_url}/${alert}.md`
}

/** For a text: keeps time range and variables, as the links on top do. */
export function boardUrl(uid: BoardUid): string {
  return `/d/${uid}?\${__url_time_range}&\${__all_variables}`
}

/** Grafana's own list of alert rules, those of the data source too. */
export function alertListLink(): DashboardLinkBuilder {
  return link('Alert rules', '/alerting/list?search=elb-churn', 'State of the alert rules').icon('bolt')
}

/** From a cell: its value is the cluster. */
export function clusterDataLink(field: string): { readonly title: string; readonly url: string } {
  const variables = `var-datasource=\${datasource}&var-cluster=\${__data.fields.${field}:percentencode}`
  return { title: 'Open the incident board', url: `/d/elb-churn-incident?${variables}&\${__url_time_range}` }
}

function link(title: string, url: string, tooltip: string): DashboardLinkBuilder {
  return new DashboardLinkBuilder(title).type(DashboardLinkType.Link).url(url).tooltip(tooltip)
}
