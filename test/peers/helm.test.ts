/** The chart as Helm renders it over a matrix of values, as kubeconform judges it, and the values that it refuses. */
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { parse } from 'yaml'
import { chart, Helm, type KubernetesObject, workload } from './helm.ts'
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

describe('values', () => {
  const wrong: Readonly<Record<string, readonly [values: object, said: RegExp]>> = {
    'a key that nobody knows': [{ replicaCount: 2 }, /'replicaCount' not allowed/],
    'a config key that nobody knows': [
      { config: { clusters: [{ name: 'a', node: {} }] } },
      /config.*'node' not allowed/s,
    ],
    'a config without clusters': [{ config: { retention: '1h' } }, /config.*missing property 'clusters'/s],
    'a duration that is none': [
      { config: { retention: 'P1D', clusters: [{ name: 'a' }] } },
      /retention.*does not match/s,
    ],
    'a count of replicas that is no number': [{ replicas: 'two' }, /replicas.*want integer/s],
    'a role that is no ARN': [{ serviceAccount: { roleArn: 'reader' } }, /roleArn.*does not match pattern/s],
    'a way to probe that there is not': [{ web: { probes: 'grpc' } }, /probes.*must be one of/s],
    'a digest that is none': [{ image: { digest: 'latest' } }, /digest.*does not match pattern/s],
    'less time to stop than a stop may take': [{ terminationGracePeriodSeconds: 3 }, /terminationGracePeriodSeconds/],
    'two replicas on one volume': [
      { storage: { persistence: { enabled: true } } },
      /persistence.enabled: .* set replicas to 1/,
    ],
    'agents without a hostname': [{ agent: { enabled: true } }, /give config.clusters with dns.names, or agent.config/],
    'agents of one of several clusters': [
      { config: everything.config, agent: { enabled: true } },
      /several clusters.*agent.cluster/,
    ],
    'agents of an unknown cluster': [{ config, agent: { enabled: true, cluster: 'x' } }, /config.clusters has no x/],
    'agents of a cluster without names': [
      { config: { clusters: [{ name: 'a' }] }, agent: { enabled: true } },
      /cluster a .*has no dns.names/,
    ],
  }
  for (const [what, [values, said]] of Object.entries(wrong)) {
    it(`are refused with ${what}`, async () => {
      assert.match(await helm.refusal(values), said)
    })
  }
})
