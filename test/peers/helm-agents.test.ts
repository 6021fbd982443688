/** Agents: alone in a release, how they are scraped, and whom they ask. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { parse } from 'yaml'
import { Helm, type KubernetesObject, only, workload } from './helm.ts'
import { config } from './helm-values.ts'

let helm: Helm

before(async () => {
  helm = await Helm.open()
})
after(() => helm?.close())

const enabled = { enabled: true }

async function objectsOf(values: object): Promise<readonly KubernetesObject[]> {
  const { text, objects } = await helm.render(values)
  assert.deepEqual(await helm.faults(text), [])
  return objects
}

describe('agents', () => {
  it('are all that a release without the exporter makes, whatever else is on', async () => {
    const values = {
      exporter: { enabled: false },
      agent: enabled,
      config,
      prometheusOperator: enabled,
      dashboards: enabled,
      replicas: 1,
      storage: { persistence: enabled },
    }
    assert.match(await helm.lint(values), /0 chart\(s\) failed/)
    const { objects } = await helm.render(values, { release: 'elb-churn-agents', namespace: 'elb-churn-agents' })
    assert.deepEqual(objects.map(({ kind }) => kind).sort(), [
      'ConfigMap',
      'DaemonSet',
      'NetworkPolicy',
      'PodMonitor',
      'ServiceAccount',
    ])
    const notes = await helm.notes({ ...values, prometheusOperator: {} })
    assert.match(notes, /agents alone run as ds\/elb-churn-exporter-agent/)
    assert.match(notes, /rollout status ds\//)
    assert.doesNotMatch(notes, /deploy\/elb|association|dashboards.enabled|check-config|rules --format/)
  })

  it('ask the resolver of the node, as the kubelet does, unless told otherwise', async () => {
    const resolvers = async (agent: object) => {
      const objects = await objectsOf({ config, agent: { enabled: true, ...agent } })
      const { data } = only(objects, 'ConfigMap', 'elb-churn-exporter-agent') as unknown as {
        data: Record<string, string>
      }
      return parse(data['config.yaml'] ?? '').clusters[0].dns.resolvers
    }
    assert.deepEqual(await resolvers({}), ['system'])
    assert.deepEqual(await resolvers({ resolvers: ['10.0.0.2:53'] }), ['10.0.0.2:53'])
  })

  it('are scraped as the exporter is, or by what is said of them', async () => {
    const endpointOf = async (agent: object) => {
      const operator = {
        enabled: true,
        endpoint: { scheme: 'https', tlsConfig: { serverName: 'a' } },
        metricRelabelings: [{ action: 'drop', sourceLabels: ['__name__'], regex: 'nodejs_.*' }],
      }
      const objects = await objectsOf({ config, prometheusOperator: operator, agent: { enabled: true, ...agent } })
      const { podMetricsEndpoints } = only(objects, 'PodMonitor').spec as { podMetricsEndpoints: object[] }
      const { endpoints } = only(objects, 'ServiceMonitor').spec as { endpoints: object[] }
      return [podMetricsEndpoints[0], endpoints[0]] as [Record<string, unknown>, Record<string, unknown>]
    }
    const [same, exporter] = await endpointOf({})
    assert.deepEqual([same.scheme, same.tlsConfig], ['https', { serverName: 'a' }])
    assert.deepEqual(same.metricRelabelings, exporter.metricRelabelings)
    assert.equal('scrapeTimeout' in same || 'scrapeTimeout' in exporter, false)
    const [own] = await endpointOf({ endpoint: {}, metricRelabelings: [] })
    assert.deepEqual([own.scheme, own.tlsConfig, own.metricRelabelings], [undefined, undefined, undefined])
    assert.equal(own.honorLabels, true)
  })

  it('take volumes, mounts and environments beside their own', async () => {
    const agent = {
      enabled: true,
      extraVolumes: [{ name: 'tmp', emptyDir: {} }],
      extraVolumeMounts: [{ name: 'tmp', mountPath: '/tmp' }],
      extraEnvFrom: [{ configMapRef: { name: 'proxy' } }],
    }
    const { spec } = workload(await objectsOf({ config, agent }), 'DaemonSet').template
    const [container] = spec.containers
    assert.ok(spec.volumes?.some(({ name }) => name === 'tmp'))
    assert.ok(container?.volumeMounts?.some((mount) => JSON.stringify(mount).includes('"/tmp"')))
    assert.match(JSON.stringify(container), /"envFrom":\[\{"configMapRef":\{"name":"proxy"/)
  })
})

describe('probes', () => {
  it('send the headers that are given, so that a password keeps no pod from being ready', async () => {
    const probeHeaders = [{ name: 'Authorization', value: 'Basic cHJvYmU6eA==' }]
    const values = { web: { configSecret: 'web', probes: 'https', probeHeaders }, config, agent: enabled }
    const objects = await objectsOf(values)
    for (const kind of ['Deployment', 'DaemonSet'] as const) {
      const [container] = workload(objects, kind).template.spec.containers as unknown as Record<
        string,
        { httpGet?: Record<string, unknown> }
      >[]
      for (const probe of ['startupProbe', 'livenessProbe', 'readinessProbe']) {
        const { scheme, httpHeaders } = container?.[probe]?.httpGet ?? {}
        assert.deepEqual([scheme, httpHeaders], ['HTTPS', probeHeaders], `${kind} ${probe}`)
      }
    }
  })
})

describe('the notes', () => {
  it('warn of probes that a web config may refuse, and tell both schemes', async () => {
    const notes = await helm.notes({ web: { configSecret: 'web' } })
    assert.match(notes, /https:\/\/localhost:9903\/ where Secret web sets TLS, else at http:\/\/localhost:9903\//)
    assert.match(notes, /sets TLS they need web.probes: https.*\n.*web.probeHeaders.*web.probes: tcp/)
    assert.match(await helm.notes({ web: { configSecret: 'web', probes: 'tcp' } }), /ready before it has seen anything/)
    assert.doesNotMatch(await helm.notes({}), /web.probes|https:\/\/localhost|open http/)
  })

  it('do not say that something runs where nothing does', async () => {
    const notes = await helm.notes({ replicas: 0 })
    assert.match(notes, /replicas: 0, so no exporter runs/)
    assert.doesNotMatch(notes, /kubectl.*deploy\//)
    assert.match(await helm.notes({ replicas: 0, config, agent: enabled }), /rollout status ds\//)
  })

  it('give the command for the rules with the settings of the release', async () => {
    const settings = { stranded_nodes: 3, stale_ratio: 0.2, selector: `env="it's"`, labels: { team: 'a', tier: '1' } }
    const notes = await helm.notes({ config, rules: { settings } })
    const flags = /rules --format=prometheus(.*)/.exec(notes)?.[1]
    const shown = ['labels=team=a,tier=1', String.raw`selector=env="it'\''s"`, 'stale_ratio=0.2', 'stranded_nodes=3']
    assert.equal(flags, shown.map((each) => ` --set '${each}'`).join(''))
    assert.match(notes, /--permissions --storage.path=\/var\/lib\/elb-churn-exporter/)
  })
})
