/**
 * deploy/rbac.yaml and deploy/manifests: the chart as plain YAML, for those without Helm. `node test/peers/helm-manifests.ts` writes them; a test
 * tells when they are not what the chart renders.
 */
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { checkout, Helm } from './helm.ts'

export const deploy = join(checkout, 'deploy')

/** An example to edit: one cluster, its load balancer and its hostname. */
const values = {
  config: {
    clusters: [
      {
        name: 'prod-us-west-2',
        nodes: { in_cluster: true, group_by: ['topology.kubernetes.io/zone'] },
        load_balancers: [{ region: 'us-west-2', names: ['k8s-api'], interfaces: true }],
        dns: {
          resolvers: ['system', 'authoritative'],
          names: [{ hostname: 'api.prod.example.com', types: ['A', 'AAAA'] }],
        },
      },
    ],
  },
  agent: { enabled: true },
  prometheusOperator: { enabled: true },
  dashboards: { enabled: true },
}

const note = '# Made from the Helm chart with an example config: edit what is yours. See deploy/README.md.\n'

/** Templates of the chart, and the file of deploy/ that their objects are in. */
const files: Readonly<Record<string, readonly string[]>> = {
  'rbac.yaml': ['serviceaccount.yaml', 'rbac.yaml'],
  'manifests/exporter.yaml': [
    'configmap.yaml',
    'deployment.yaml',
    'service.yaml',
    'poddisruptionbudget.yaml',
    'networkpolicy.yaml',
  ],
  'manifests/agent.yaml': ['agent.yaml'],
  'manifests/prometheus-operator.yaml': ['monitors.yaml', 'prometheusrule.yaml'],
  'manifests/dashboards.yaml': ['dashboards.yaml'],
}

/** Name and text of each file. Throws where the chart renders an object that no file holds. */
export async function renderManifests(helm: Helm): Promise<ReadonlyMap<string, string>> {
  const { text } = await helm.render(values)
  const objects = text.split(/^---\n/m).flatMap((part) => {
    const [, template, body] = /^# Source: [^/]+\/templates\/(\S+)\n([\s\S]+)$/.exec(part) ?? []
    return template === undefined || body === undefined ? [] : [{ template, body: withoutHelm(body) }]
  })
  const manifests = new Map<string, string>()
  for (const [file, templates] of Object.entries(files)) {
    const own = templates.flatMap((template) => objects.filter((each) => each.template === template))
    manifests.set(file, `${note}${own.map(({ body }) => `---\n${body}`).join('')}`)
  }
  const held = new Set(Object.values(files).flat())
  const lost = objects.filter(({ template }) => !held.has(template))
  if (lost.length > 0)
    throw new Error(`no manifest holds the objects of ${lost.map(({ template }) => template).join(', ')}`)
  return manifests
}

/** Helm would take objects with its labels for its own. */
function withoutHelm(body: string): string {
  return `${body.replaceAll(/^ +(?:helm\.sh\/chart|app\.kubernetes\.io\/managed-by): .*\n/gm, '').trimEnd()}\n`
}

if (import.meta.main) {
  const helm = await Helm.open()
  await mkdir(join(deploy, 'manifests'), { recursive: true })
  for (const [name, text] of await renderManifests(helm)) await writeFile(join(deploy, name), text)
  await helm.close()
}
