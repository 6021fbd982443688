import { defaultConfig, parseSettings } from '../alerts/config.ts'
import { renderRules } from '../alerts/render.ts'
import { renderDashboards } from '../dashboards/render.ts'
import { chartFiles } from '../deploy/chart/files.ts'
import { type Chapter, renderReference } from './metrics/reference.ts'
import { renderConfigReference } from './service/config/reference.ts'
import { configSchema } from './service/config/schema.ts'
import { logFormats, logLevels } from './service/log.ts'
import { serviceMetrics } from './service/metrics.ts'
import { signals } from './signals/index.ts'

/** Path from the top of the project, and text, of each file that is made from the code. */
export function generatedFiles(): ReadonlyMap<string, string> {
  const chapters: Chapter[] = [
    ...signals.map(({ name, metrics }) => ({ title: `Collector ${name}`, table: metrics })),
    { title: 'The exporter itself', table: serviceMetrics },
  ]
  const boards = renderDashboards()
  return new Map([
    ['exporter/METRICS.md', renderReference(chapters)],
    ['exporter/CONFIG.md', renderConfigReference(configSchema)],
    ['alerts/prometheusrule.yaml', renderRules(defaultConfig, 'prometheusrule')],
    ['alerts/rules.yaml', renderRules(defaultConfig, 'prometheus')],
    ['test/rules/rendered/kube-state-metrics.yaml', renderRules(parseSettings(kubeStateMetrics), 'prometheus')],
    ...boards.map(([name, text]) => [`dashboards/${name}`, text] as const),
    ...chartFiles({ config: configSchema, boards, logLevels, logFormats }),
    ['exporter/config.schema.json', `${JSON.stringify(configSchema, null, 2)}\n`],
  ])
}

/** Series without a label cluster, as in a Prometheus that watches one cluster. */
const kubeStateMetrics = ['nodes_source=kube-state-metrics', 'kube_state_metrics_cluster=prod']
