/** What the chart's pods may do, by the Pod Security Standards and their policies, and what it makes beside pods. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { parse } from 'yaml'
import { Helm, type KubernetesObject, only, workload } from './helm.ts'
import { brokenControls, controls, type PodTemplate } from './helm-pod-security.ts'
import { config, everything, matrix } from './helm-values.ts'

let helm: Helm

before(async () => {
  helm = await Helm.open()
})
after(() => helm?.close())

async function objectsOf(values: object): Promise<readonly KubernetesObject[]> {
  return (await helm.render(values)).objects
}

describe('pods', () => {
  for (const [what, values] of Object.entries(matrix)) {
    it(`of the exporter keep every control of the restricted standard with ${what}`, async () => {
      assert.deepEqual(brokenControls(workload(await objectsOf(values), 'Deployment').template), [])
    })
  }

  it('of the agent break two controls, for the one folder of the host that they read, and no other', async () => {
    const { template } = workload(await objectsOf({ config, agent: { enabled: true } }), 'DaemonSet')
    assert.deepEqual(brokenControls(template), ['HostPath Volumes', 'Volume Types'])
    const host = (template.spec.volumes ?? []).filter((volume) => 'hostPath' in volume)
    assert.deepEqual(host, [{ name: 'host-network-tables', hostPath: { path: '/proc/1/net', type: 'Directory' } }])
    const [container] = template.spec.containers
    assert.ok(
      container?.volumeMounts?.some(
        (mount) => 'readOnly' in mount && JSON.stringify(mount).includes('/host/proc/1/net'),
      ),
    )
    assert.equal(template.spec.automountServiceAccountToken, false)
  })

  it('are judged by every control: each is broken by a pod that breaks it', async () => {
    const { template } = workload(await objectsOf({}), 'Deployment')
    const [container] = template.spec.containers
    assert.ok(container !== undefined)
    const withSpec = (spec: object): PodTemplate => ({ ...template, spec: { ...template.spec, ...spec } })
    const withContext = (context: object) =>
      withSpec({ containers: [{ ...container, securityContext: { ...container.securityContext, ...context } }] })
    const breakers: Readonly<Record<string, PodTemplate>> = {
      HostProcess: withContext({ windowsOptions: { hostProcess: true } }),
      'Host Namespaces': withSpec({ hostPID: true }),
      'Privileged Containers': withContext({ privileged: true }),
      Capabilities: withContext({ capabilities: { add: ['NET_RAW'], drop: ['ALL'] } }),
      'HostPath Volumes': withSpec({ volumes: [{ name: 'a', hostPath: { path: '/' } }] }),
      'Host Ports': withSpec({ containers: [{ ...container, ports: [{ hostPort: 80 }] }] }),
      'Host Probes / Lifecycle Hooks': withSpec({
        containers: [{ ...container, livenessProbe: { httpGet: { host: '10.0.0.1' } } }],
      }),
      AppArmor: withContext({ appArmorProfile: { type: 'Unconfined' } }),
      SELinux: withContext({ seLinuxOptions: { type: 'spc_t' } }),
      '/proc Mount Type': withContext({ procMount: 'Unmasked' }),
      Seccomp: withContext({ seccompProfile: { type: 'Unconfined' } }),
      Sysctls: withSpec({
        securityContext: { ...template.spec.securityContext, sysctls: [{ name: 'kernel.msgmax' }] },
      }),
      'Volume Types': withSpec({ volumes: [{ name: 'a', nfs: {} }] }),
      'Privilege Escalation': withContext({ allowPrivilegeEscalation: true }),
      'Running as Non-root': withContext({ runAsNonRoot: false }),
      'Running as Non-root user': withContext({ runAsUser: 0 }),
      'Seccomp, set': withSpec({ securityContext: { runAsNonRoot: true } }),
      'Capabilities, dropped': withContext({ capabilities: { drop: ['NET_RAW'] } }),
    }
    assert.deepEqual(Object.keys(breakers), Object.keys(controls))
    for (const [control, pod] of Object.entries(breakers)) assert.ok(brokenControls(pod).includes(control), control)
  })

  it('get an account only where the config has nodes of this cluster read', async () => {
    const account = async (values: object) => {
      const objects = await objectsOf(values)
      const { automountServiceAccountToken } = workload(objects, 'Deployment').template.spec
      return [automountServiceAccountToken, objects.some(({ kind }) => kind === 'ClusterRole')]
    }
    assert.deepEqual(await account({}), [true, true])
    assert.deepEqual(await account({ config }), [true, true])
    assert.deepEqual(
      await account({ config: { clusters: [{ name: 'a', dns: { names: [{ hostname: 'a.example.com' }] } }] } }),
      [false, false],
    )
  })

  it('may reach the ports that their config names, and the agent only resolvers', async () => {
    const objects = await objectsOf(everything)
    const ports = (name: string) => {
      const { egress } = only(objects, 'NetworkPolicy', name).spec as {
        egress: { ports: { protocol: string; port: number }[] }[]
      }
      return egress.map((rule) => [...new Set(rule.ports.map(({ protocol, port }) => `${port}/${protocol}`))].sort())
    }
    const dns = (...numbers: string[]) => numbers.flatMap((port) => [`${port}/TCP`, `${port}/UDP`])
    const [names, tcp] = ports('elb-churn-exporter')
    assert.deepEqual(names, dns('53', '5300', '5353').sort())
    assert.deepEqual(tcp, ['443/TCP', '6443/TCP', '80/TCP', '8443/TCP'])
    assert.deepEqual(ports('elb-churn-exporter-agent'), [dns('53').sort()])
  })
})

describe('the account, the notes and the boards', () => {
  it('carry the IAM role as IRSA reads it', async () => {
    const account = only(await objectsOf(everything), 'ServiceAccount', 'elb-churn-exporter')
    assert.equal(account.metadata.annotations?.['eks.amazonaws.com/role-arn'], 'arn:aws:iam::111122223333:role/reader')
    assert.equal(account.metadata.annotations?.['example.com/a'], 'b')
  })

  it('tell the next step, and no longer once it is done', async () => {
    const first = await helm.notes({})
    for (const step of [
      /nothing links an outage/,
      /prometheusOperator.enabled=true/,
      /dashboards.enabled/,
      /agent.enabled/,
    ])
      assert.match(first, step)
    assert.match(
      await helm.notes({ config }),
      /create-pod-identity-association .*--namespace monitoring \\\n +--service-account elb-churn-exporter/,
    )
    assert.match(
      await helm.notes({ config }),
      /check-config \/etc\/elb-churn-exporter\/config\/config\.yaml --permissions/,
    )
    const settings = { runbook_url: 'https://wiki.example.org', dashboard_url: 'https://grafana.example.org' }
    const done = await helm.notes({ ...everything, rules: { settings } })
    assert.match(done, /then at https:/)
    assert.doesNotMatch(done, /--set|association|rules.settings/)
  })

  it('link every board to the runbooks that are set', async () => {
    const rules = { settings: { runbook_url: 'https://wiki.example.org/elb/' } }
    const objects = await objectsOf({ dashboards: { enabled: true }, rules })
    const boards = objects.filter(({ metadata }) => metadata.labels?.grafana_dashboard === '1')
    assert.deepEqual(
      boards.map(({ metadata }) => metadata.annotations?.grafana_folder),
      Array(4).fill('ELB churn'),
    )
    const texts = boards.flatMap(({ data }) => Object.values(data as Record<string, string>))
    assert.deepEqual(texts.map((text) => parse(text).uid).sort(), [
      'elb-churn-dns',
      'elb-churn-exporter',
      'elb-churn-fleet',
      'elb-churn-incident',
    ])
    assert.ok(texts.some((text) => text.includes('https://wiki.example.org/elb/Kube')))
    assert.ok(texts.every((text) => !text.includes('runbooks.example.com')))
  })
})
