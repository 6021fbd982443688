/** The boards as files that Grafana imports. */
import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard'
import { finish } from './board.ts'
import { dnsBoard } from './dns.ts'
import { exporterBoard } from './exporter.ts'
import { fleetBoard } from './fleet.ts'
import { incidentBoard } from './incident.ts'

export function dashboards(): Dashboard[] {
  return [fleetBoard(), incidentBoard(), dnsBoard(), exporterBoard()].map(finish)
}

/** Name and text of each file. */
export function renderDashboards(): [name: string, text: string][] {
  return dashboards().map((board) => [`${board.uid}.json`, `${JSON.stringify(board, null, 2)}\n`])
}
