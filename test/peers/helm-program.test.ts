/** What the chart renders, run: the program takes its arguments and configs, and needs exactly the rights that it gives. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { request } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { promisify } from 'node:util'
import { LabDns } from '../lab/dns-server.ts'
import { LabKubernetes, labTlsFile } from '../lab/kubernetes-server.ts'
import { Namespace } from '../lab/netns.ts'
import { checkout, Helm, type KubernetesObject, only, workload } from './helm.ts'
import { type Pod, startPod } from './helm-pod.ts'
import { matrix } from './helm-values.ts'

const execute = promisify(execFile)
const everySecond = '* * * * * *'

let helm: Helm

before(async () => {
  helm = await Helm.open()
})
after(() => helm?.close())

interface Rule {
  readonly resources: readonly string[]
  readonly verbs: readonly string[]
}

/** `list nodes`, `list leases in kube-node-lease` */
function rights(objects: readonly KubernetesObject[]): string[] {
  return objects
    .filter(({ kind }) => kind === 'ClusterRole' || kind === 'Role')
    .flatMap(({ rules, metadata }) =>
      (rules as readonly Rule[]).flatMap(({ resources, verbs }) =>
        resources.flatMap((resource) =>
          verbs.map(
            (verb) => `${verb} ${resource}${metadata.namespace === undefined ? '' : ` in ${metadata.namespace}`}`,
          ),
        ),
      ),
    )
    .sort()
}

/** The same of what an API server was asked. */
function used(requests: readonly string[]): string[] {
  const each = requests.map((asked) => {
    const { pathname, searchParams } = new URL(asked, 'http://api')
    const [, namespace, resource] = /(?:\/namespaces\/([^/]+))?\/([^/]+)$/.exec(pathname) ?? []
    const verb = searchParams.get('watch') === 'true' || searchParams.get('watch') === '1' ? 'watch' : 'list'
    return `${verb} ${resource}${namespace === undefined ? '' : ` in ${namespace}`}`
  })
  return [...new Set(each)].sort()
}

describe('configs that the chart renders', () => {
  let folder: string

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'configs-'))
  })
  after(() => rm(folder, { recursive: true, force: true }))

  for (const [what, values] of Object.entries(matrix)) {
    it(`pass check-config with ${what}`, async () => {
      const { objects } = await helm.render(values)
      const configs = objects.flatMap(({ kind, data, metadata }) =>
        kind === 'ConfigMap' && metadata.labels?.['app.kubernetes.io/component'] !== 'dashboards'
          ? Object.values(data as Record<string, string>)
          : [],
      )
      for (const text of configs) {
        const file = join(folder, 'config.yaml')
        await writeFile(file, text)
        const { stdout } = await execute(process.execPath, [join(checkout, 'exporter/main.ts'), 'check-config', file])
        assert.match(stdout, /: valid, \d clusters?\n/)
      }
    })
  }

  it('give agents the names of their cluster and nothing that asks AWS or Kubernetes', async () => {
    const { objects } = await helm.render(matrix.everything ?? {})
    const { data } = only(objects, 'ConfigMap', 'elb-churn-exporter-agent')
    const text = Object.values(data as Record<string, string>).join()
    assert.match(text, /api\.eu\.example\.com/)
    assert.match(text, /proc: \/host\/proc/)
    assert.doesNotMatch(text, /nodes|load_balancers|reachability|api\.prod/)
  })
})

describe('a pod of the exporter', () => {
  let api: LabKubernetes
  let dns: LabDns
  let pod: Pod | undefined

  before(async () => {
    api = await LabKubernetes.start({ token: 'of-the-pod' })
    for (const name of ['node-0', 'node-1', 'node-2']) api.cluster.addNode(name)
    dns = await LabDns.start()
    dns.set('api.prod.example.com', 'A', ['10.0.1.12'], { ttl: 5 })
  })
  after(async () => {
    await pod?.close()
    await Promise.all([api.close(), dns.close()])
  })

  function config() {
    const names = [{ hostname: 'api.prod.example.com' }]
    const cluster = { name: 'prod', nodes: { in_cluster: true }, dns: { resolvers: [dns.address], names } }
    return { schedules: { dns: everySecond, heartbeats: everySecond }, clusters: [cluster] }
  }

  it('is ready with its account, uses every right that it is given, and no other', async () => {
    const { objects } = await helm.render({ config: config(), web: { maxRequests: 8 } })
    pod = await startPod(objects, 'Deployment', { api })
    await pod.exporter.ready()
    await pod.exporter.until((metrics) => metrics.value('nodes', 'ready="true"') === 3, 'three nodes')
    await pod.exporter.until((metrics) => metrics.value('nodes_heartbeat_stale') === 0, 'heartbeats')
    await pod.exporter.until(() => api.openWatches > 0, 'a watch')
    assert.deepEqual(used(api.requests), rights(objects))
    assert.deepEqual(rights(objects), ['list leases in kube-node-lease', 'list nodes', 'watch nodes'])
  })

  it('answers its probes', async () => {
    const { objects } = await helm.render({ config: config() })
    const [container] = workload(objects, 'Deployment').template.spec.containers
    const paths = [container?.startupProbe, container?.livenessProbe, container?.readinessProbe].map(
      (probe) => probe?.httpGet,
    )
    assert.deepEqual(
      paths,
      ['/-/healthy', '/-/healthy', '/-/ready'].map((path) => ({ path, port: 'metrics' })),
    )
    for (const probe of paths)
      assert.equal((await pod?.exporter.get((probe as unknown as { path: string }).path))?.status, 200)
  })

  it('runs as its user, without a capability, and can write to its state alone', async () => {
    const status = await readFile(`/proc/${pod?.exporter.pid}/status`, 'utf8')
    const field = (name: string) => new RegExp(`^${name}:\\s*(.*)$`, 'm').exec(status)?.[1]
    if (process.getuid?.() === 0) assert.match(field('Uid') ?? '', /^65532\t65532/)
    assert.equal(field('CapEff'), '0000000000000000')
    assert.equal(field('CapBnd'), '0000000000000000')
    assert.equal(field('NoNewPrivs'), '1')
    const mounts = await readFile(`/proc/${pod?.exporter.pid}/mountinfo`, 'utf8')
    const writable = mounts
      .split('\n')
      .flatMap((line) => / \/\S* (\/(?:etc|app|var|host)?\S*) rw/.exec(line)?.[1] ?? [])
    assert.ok(writable.includes('/var/lib/elb-churn-exporter'), writable.join())
    assert.ok(
      !writable.some((path) => path === '/' || path.startsWith('/etc/elb') || path.startsWith('/host')),
      writable.join(),
    )
  })

  it('saves its state and ends with 0 when it is asked to', async () => {
    assert.equal(await pod?.exporter.stop('SIGTERM'), 0)
    assert.equal((await readdir(pod?.state ?? '')).length, 1)
    await pod?.close()
  })

  it('watches the cluster it is in where the chart is given no config', async () => {
    const { objects } = await helm.render({})
    pod = await startPod(objects, 'Deployment', { api })
    await pod.exporter.until((metrics) => metrics.value('nodes', 'cluster="in-cluster"', 'ready="true"') === 3, 'nodes')
    await pod.close()
  })

  for (const kind of ['Deployment', 'DaemonSet'] as const) {
    it(`serves by the web config of a Secret as a ${kind}, and its probes fit`, async () => {
      const web = { configSecret: 'web', probes: 'https' }
      const { objects } = await helm.render({ config: config(), web, agent: { enabled: true } })
      pod = await startPod(objects, kind, { api, secrets: { web: await webFiles() } })
      const probe = workload(objects, kind).template.spec.containers[0]?.livenessProbe?.httpGet
      assert.deepEqual(probe, { path: '/-/healthy', port: 'metrics', scheme: 'HTTPS' })
      assert.equal(await statusOverTls(pod.exporter.url, '/-/healthy'), 200)
      await pod.close()
    })
  }
})

async function webFiles(): Promise<Record<string, string>> {
  return {
    'web-config.yml': 'tls_server_config: {cert_file: tls.crt, key_file: tls.key}\n',
    'tls.crt': await readFile(labTlsFile('server.crt'), 'utf8'),
    'tls.key': await readFile(labTlsFile('server.key'), 'utf8'),
  }
}

async function statusOverTls(url: string, path: string): Promise<number | undefined> {
  const ca = await readFile(labTlsFile('ca.crt'))
  const { promise, resolve, reject } = Promise.withResolvers<number | undefined>()
  const asked = request({ host: '127.0.0.1', port: new URL(url).port, path, ca, timeout: 5_000 }, (response) => {
    response.resume()
    resolve(response.statusCode)
  })
  asked.on('error', reject).end()
  return await promise
}

describe('a pod of the agent', () => {
  const port = '6443'
  const peer = join(checkout, 'test/lab/netns-peer.ts')
  let far: Namespace
  let node: Namespace
  let dns: LabDns
  let pod: Pod | undefined

  before(async () => {
    far = await Namespace.open()
    node = await Namespace.open(far)
    await node.link('veth1', '10.77.1.1/30', far, '10.77.1.2/30')
    await far.start(process.execPath, peer, 'server', port)
    await node.start(process.execPath, peer, 'client', port, '10.77.1.2=chatty')
    dns = await LabDns.start()
    dns.set('api.prod.example.com', 'A', ['10.77.1.2'], { ttl: 5 })
  })
  after(async () => {
    await pod?.close()
    await Promise.all([far?.close(), node?.close(), dns?.close()])
  })

  it('sees the connections of its node by the one folder that is mounted, as no root and with no network of the node', async () => {
    const names = [{ hostname: 'api.prod.example.com' }]
    const cluster = { name: 'prod', nodes: { in_cluster: true }, dns: { resolvers: [dns.address], names } }
    const values = { config: { schedules: { dns: everySecond, connections: everySecond }, clusters: [cluster] } }
    const { objects } = await helm.render({ ...values, agent: { enabled: true, resolvers: [dns.address] } })
    pod = await startPod(objects, 'DaemonSet', { nodePid: node.pid })
    const one = 'hostname="api.prod.example.com"'
    const metrics = await pod.exporter.until(
      (each) => each.value('connections', one, 'state="active"') === 1,
      'one connection',
    )
    assert.equal(metrics.value('collector_up', 'connections'), 1)
    assert.deepEqual(await readdir(`/proc/${pod.exporter.pid}/root/host/proc`), ['1'])
    assert.deepEqual(await readdir(`/proc/${pod.exporter.pid}/root/host/proc/1`), ['net'])
  })

  it('is started as the image starts the exporter, but for the size of its young generation', async () => {
    const dockerfile = await readFile(join(checkout, 'Dockerfile'), 'utf8')
    const entryPoint: string[] = JSON.parse(/^ENTRYPOINT (\[.*\])$/m.exec(dockerfile)?.[1] ?? '[]')
    const { objects } = await helm.render(matrix.agents ?? {})
    const [container] = workload(objects, 'DaemonSet').template.spec.containers
    const sized = entryPoint.map((each) =>
      each.startsWith('--max-semi-space-size=') ? '--max-semi-space-size=2' : each,
    )
    assert.deepEqual(container?.command, sized)
  })
})
