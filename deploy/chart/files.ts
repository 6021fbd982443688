/** The files of the Helm chart that are made from the code: Helm reads nothing from outside of a chart. */
import { readFileSync } from 'node:fs'
import { stringify } from 'yaml'
import meta from '../../package.json' with { type: 'json' }
import { variants } from './placeholders.ts'
import { ruleTemplate, settingsFile, settingsSchema, settingsValues } from './rules.ts'
import { type SchemaParts, valuesSchema } from './values-schema.ts'

const chart = 'deploy/helm/elb-churn-exporter'

/** What the exporter says of itself, beside `boards`: name and text of each dashboard. */
export interface ChartParts extends Omit<SchemaParts, 'settings'> {
  readonly boards: readonly (readonly [string, string])[]
}

export function chartFiles({ boards, ...parts }: ChartParts): [string, string][] {
  const rules = (Object.keys(variants) as (keyof typeof variants)[]).map((variant): [string, string] => [
    `${chart}/files/rules/${variant}.json`,
    ruleTemplate(variant),
  ])
  return [
    [`${chart}/Chart.yaml`, chartYaml()],
    [`${chart}/values.yaml`, valuesYaml()],
    [
      `${chart}/values.schema.json`,
      `${JSON.stringify(valuesSchema({ ...parts, settings: settingsSchema() }), null, 2)}\n`,
    ],
    [`${chart}/files/rule-settings.json`, settingsFile()],
    ...rules,
    ...boards.map(([name, text]): [string, string] => [`${chart}/files/dashboards/${name}`, text]),
  ]
}

/** Source: https://helm.sh/docs/topics/charts/#the-chartyaml-file */
function chartYaml(): string {
  const { name, description, version } = meta
  const text = stringify({
    apiVersion: 'v2',
    name,
    description,
    type: 'application',
    version,
    appVersion: version,
    kubeVersion: '>=1.25.0-0',
    keywords: ['prometheus', 'exporter', 'aws', 'elb', 'dns', 'kubelet'],
  })
  return `# Made by \`npm run generate\` from package.json.\n${text}`
}

/** values.yaml beside this file, with each setting of the rules, its default and what it means. */
function valuesYaml(): string {
  const text = readFileSync(new URL('values.yaml', import.meta.url), 'utf8')
  const place = '    # (the settings of alerts/config.ts)\n'
  if (!text.includes(place)) throw new Error('deploy/chart/values.yaml has no place for the settings of the rules')
  return text.replace(place, () => settingsValues().replaceAll(/^(?=.)/gm, '    '))
}
