/** One cluster: the verdict on top, and below it cause and effect on one time axis. */
import { alertsFiring, dnsChanges, elbChanges } from './annotations.ts'
import type { Board } from './board.ts'
import { tableRow } from './incident/tables.ts'
import { addresses, answers, heartbeats, notReady, stalledConnections } from './incident/timeline.ts'
import { adviceRow, linkedPage, verdictRow } from './incident/verdict.ts'
import { alertListLink, boardLinks, runbookLink } from './links.ts'
import { clusters as scope } from './promql.ts'
import { clusterVariable, datasourceVariable } from './variables.ts'

export function incidentBoard(): Board {
  return {
    uid: 'elb-churn-incident',
    title: 'ELB churn / Incident',
    description:
      'One cluster: is it the outage in which kubelets hang on an address that left the load balancer, which address, which nodes, since when.',
    from: 'now-30m',
    variables: [datasourceVariable(), clusterVariable()],
    annotations: [elbChanges(scope), dnsChanges(scope), alertsFiring(scope)],
    links: [...boardLinks('elb-churn-incident'), alertListLink(), runbookLink(linkedPage)],
    rows: [
      verdictRow(),
      adviceRow(),
      { height: 5, panels: [{ width: 24, panel: addresses() }] },
      { height: 5, panels: [{ width: 24, panel: answers() }] },
      { height: 5, panels: [{ width: 24, panel: notReady() }] },
      { height: 5, panels: [{ width: 24, panel: heartbeats() }] },
      { height: 6, panels: [{ width: 24, panel: stalledConnections() }] },
      tableRow(),
    ],
  }
}
