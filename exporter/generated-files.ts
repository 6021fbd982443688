import { type Chapter, renderReference } from './metrics/reference.ts'
import { renderConfigReference } from './service/config/reference.ts'
import { configSchema } from './service/config/schema.ts'
import { serviceMetrics } from './service/metrics.ts'
import { signals } from './signals/index.ts'

/** Path from the top of the project, and text, of each file that is made from the code. */
export function generatedFiles(): ReadonlyMap<string, string> {
  const chapters: Chapter[] = [
    ...signals.map(({ name, metrics }) => ({ title: `Collector ${name}`, table: metrics })),
    { title: 'The exporter itself', table: serviceMetrics },
  ]
  return new Map([
    ['exporter/METRICS.md', renderReference(chapters)],
    ['exporter/CONFIG.md', renderConfigReference(configSchema)],
    ['exporter/config.schema.json', `${JSON.stringify(configSchema, null, 2)}\n`],
  ])
}
