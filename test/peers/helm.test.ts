/** The chart as Helm renders it over a matrix of values, and as kubeconform judges it. */
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { parse } from 'yaml'
import { chart, Helm, type KubernetesObject, only, workload } from './helm.ts'
import { config, everything, matrix } from './helm-values.ts'

let helm: Helm

before(async () => {
  helm = await Helm.open()
})
after(() => helm?.close())

async function objectsOf(values: object): Promise<readonly KubernetesObject[]> {
  return (await helm.render(values)).objects
}

function names(objects: readonly KubernetesObject[]): string[] {
  return objects.map(({ kind, metadata }) => `${kind} ${metadata.name}`).sort()
}

describe('the chart', () => {
  for (const [what, values] of Object.entries(matrix)) {
    it(`passes helm lint --strict and kubeconform -strict with ${what}`, async () => {
      assert.match(await helm.lint(values), /1 chart\(s\) linted, 0 chart\(s\) failed/)
      const { text, objects } = await helm.render(values)
      assert.ok(objects.length >= 3)
      assert.deepEqual(await helm.faults(text), [])
      assert.equal(new Set(names(objects)).size, objects.length, 'no object twice')
    })
  }

  it('puts each label, annotation and key once, whatever else is given', async () => {
    const own = { 'app.kubernetes.io/version': '1.2.3', team: 'platform' }
    const values = {
      commonLabels: { ...own, release: 'common' },
      podLabels: { ...own, team: 'pods' },
      podAnnotations: { 'kubectl.kubernetes.io/default-container': 'mine', 'example.com/a': 'b' },
      deploymentLabels: { team: 'deployment' },
      service: { labels: { team: 'service' } },
      config,
      configReload: 'restart',
      prometheusOperator: {
        enabled: true,
        labels: { ...own, release: 'kube-prometheus-stack' },
        endpoint: { scheme: 'https' },
      },
      agent: { enabled: true, podLabels: own, podAnnotations: { 'kubectl.kubernetes.io/default-container': 'mine' } },
    }
    // Helm.render fails on a key that stands twice.
    const { text, objects } = await helm.render(values)
    assert.deepEqual(await helm.faults(text), [])
    assert.equal(only(objects, 'ServiceMonitor').metadata.labels?.release, 'kube-prometheus-stack')
    assert.equal(only(objects, 'Service').metadata.labels?.team, 'service')
    for (const kind of ['Deployment', 'DaemonSet'] as const) {
      const { labels, annotations } = workload(objects, kind).template.metadata as KubernetesObject['metadata']
      assert.equal(labels?.['app.kubernetes.io/version'], '1.2.3')
      assert.equal(labels?.['app.kubernetes.io/name'], 'elb-churn-exporter')
      assert.equal(annotations?.['kubectl.kubernetes.io/default-container'], 'mine')
      assert.match(annotations?.['checksum/config'] ?? '', /^[0-9a-f]{64}$/)
    }
  })

  it('is judged by schemas that refuse an unknown field, a wrong type and an unknown kind', async () => {
    const { text } = await helm.render(everything)
    const broken = [
      [/replicas: 2/, 'replicaz: 2', /Deployment.*replicaz/],
      [/honorLabels: true/, 'honorLabels: "yes"', /Monitor.*honorLabels/],
      [/kind: PodDisruptionBudget/, 'kind: PodDisruption', /could not find schema for PodDisruption/],
      [/expr: /, 'expression: ', /PrometheusRule/],
    ] as const
    for (const [found, put, said] of broken) {
      assert.match(text, found)
      assert.match((await helm.faults(text.replace(found, put))).join('\n'), said)
    }
  })

  it('makes what it is asked for and nothing else', async () => {
    const least = ['ClusterRole', 'ClusterRoleBinding', 'Deployment', 'NetworkPolicy', 'PodDisruptionBudget', 'Role']
    const always = [...least, 'RoleBinding', 'Service', 'ServiceAccount'].map((kind) => `${kind} elb-churn-exporter`)
    assert.deepEqual(names(await objectsOf({})), always)
    const all = names(
      await objectsOf({
        config,
        agent: { enabled: true },
        prometheusOperator: { enabled: true },
        dashboards: { enabled: true },
      }),
    )
    const agent = ['ConfigMap', 'DaemonSet', 'NetworkPolicy', 'PodMonitor', 'ServiceAccount']
    const more = [
      ...['ConfigMap', 'PrometheusRule', 'ServiceMonitor'].map((kind) => `${kind} elb-churn-exporter`),
      ...agent.map((kind) => `${kind} elb-churn-exporter-agent`),
      ...['dns', 'exporter', 'fleet', 'incident'].map((board) => `ConfigMap elb-churn-exporter-${board}`),
    ]
    assert.deepEqual(all, [...always, ...more].sort())
  })

  it('gives every object the namespace of the release, but for leases and the boards', async () => {
    const { objects } = await helm.render(everything, { namespace: 'observability', release: 'watch' })
    for (const { kind, metadata } of objects) {
      const elsewhere: Record<string, string | undefined> = {
        ClusterRole: undefined,
        ClusterRoleBinding: undefined,
        Role: 'kube-node-lease',
        RoleBinding: 'kube-node-lease',
      }
      const board =
        /-(dns|fleet|incident|exporter)$/.test(metadata.name) &&
        metadata.labels?.['app.kubernetes.io/component'] === 'dashboards'
      const expected = kind in elsewhere ? elsewhere[kind] : board ? 'grafana' : 'observability'
      assert.equal(metadata.namespace, expected, `${kind} ${metadata.name}`)
      assert.ok(metadata.name.startsWith('watch-elb-churn-exporter'), metadata.name)
      assert.equal(metadata.labels?.team, 'platform', `${kind} ${metadata.name}`)
    }
  })

  it('selects in every monitor, policy and budget the pods that it makes', async () => {
    const objects = await objectsOf(everything)
    const labelsOf = (kind: 'Deployment' | 'DaemonSet') =>
      workload(objects, kind).template.metadata as { labels: Record<string, string> }
    for (const [kind, suffix] of [
      ['Deployment', ''],
      ['DaemonSet', '-agent'],
    ] as const) {
      const { labels } = labelsOf(kind)
      const other = labelsOf(kind === 'Deployment' ? 'DaemonSet' : 'Deployment').labels
      const selectors = objects.flatMap(({ kind: each, metadata, spec }) => {
        const { selector, podSelector } = (spec ?? {}) as Record<
          string,
          { matchLabels?: Record<string, string> } & Record<string, string>
        >
        const chosen = podSelector?.matchLabels ?? selector?.matchLabels ?? (each === 'Service' ? selector : undefined)
        return chosen !== undefined && metadata.name === `elb-churn-exporter${suffix}` ? [{ each, chosen }] : []
      })
      assert.ok(selectors.length >= (suffix === '' ? 5 : 3))
      for (const { each, chosen } of selectors) {
        const matches = (all: Record<string, string>) =>
          Object.entries(chosen).every(([key, value]) => all[key] === value)
        assert.ok(matches(labels), `${each} selects its own pods`)
        assert.ok(!matches(other), `${each} selects no other pods`)
      }
    }
  })
})

describe('the README of the chart', () => {
  it('has values that install, and that name everything the chart can make', async () => {
    const text = await readFile(join(chart, 'README.md'), 'utf8')
    const values = parse(/^```yaml\n(.*?)^```$/ms.exec(text)?.[1] ?? '')
    assert.match(await helm.lint(values), /0 chart\(s\) failed/)
    const rendered = await helm.render(values)
    assert.deepEqual(await helm.faults(rendered.text), [])
    const kinds = new Set(rendered.objects.map(({ kind }) => kind))
    for (const kind of ['Deployment', 'DaemonSet', 'PrometheusRule', 'ServiceMonitor', 'PodMonitor'])
      assert.ok(kinds.has(kind), kind)
  })
})
