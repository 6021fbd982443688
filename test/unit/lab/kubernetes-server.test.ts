import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { get as httpGet, type IncomingMessage } from 'node:http'
import { get as httpsGet } from 'node:https'
import { describe, it } from 'node:test'
import { LabCluster } from '../../lab/kubernetes/cluster.ts'
import { LabKubernetes, labTlsFile } from '../../lab/kubernetes-server.ts'

interface Answer {
  readonly status: number
  readonly body: Record<string, unknown>
}

function open(lab: LabKubernetes, path: string, token = lab.token): Promise<IncomingMessage> {
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` }
  const get = lab.url.startsWith('https:') ? httpsGet : httpGet
  const ca = readFileSync(labTlsFile('ca.crt'))
  return new Promise((resolve, reject) => {
    get(`${lab.url}${path}`, { headers, ca, agent: false }, resolve).on('error', reject)
  })
}

async function textOf(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of response) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString()
}

async function ask(lab: LabKubernetes, path: string, token?: string): Promise<Answer> {
  const response = await open(lab, path, token)
  return { status: response.statusCode ?? 0, body: JSON.parse(await textOf(response)) }
}

function clusterOf(count: number): LabCluster {
  const cluster = new LabCluster({ imageBytes: 25_000 })
  for (let index = 0; index < count; index += 1) cluster.addNode(`node-${index}`)
  return cluster
}

describe('the lab Kubernetes API', () => {
  it('lists nodes of the wanted size in pages that form one consistent view', async () => {
    await using lab = await LabKubernetes.start({ cluster: clusterOf(5), token: 'secret' })
    const first = await ask(lab, '/api/v1/nodes?limit=3')
    const { resourceVersion, continue: next } = first.body.metadata as Record<string, string>
    lab.cluster.removeNode('node-4')
    const second = await ask(lab, `/api/v1/nodes?limit=3&continue=${next}`)
    const items = [...(first.body.items as object[]), ...(second.body.items as object[])]
    assert.equal(items.length, 5)
    assert.ok(JSON.stringify(items[0]).length > 25_000)
    assert.deepEqual(second.body.metadata, { resourceVersion })
  })

  it('refuses a wrong token with 401 and an unknown path with 404', async () => {
    await using lab = await LabKubernetes.start({ token: 'secret' })
    assert.equal((await ask(lab, '/api/v1/nodes', 'wrong')).status, 401)
    assert.equal((await ask(lab, '/api/v1/pods')).status, 404)
  })

  it('sends what happened since a version, then a bookmark, and ends the watch in time', async () => {
    await using lab = await LabKubernetes.start({ cluster: clusterOf(1), tls: false })
    const from = lab.cluster.resourceVersion
    lab.cluster.setReady('node-0', 'Unknown')
    const path = `/api/v1/nodes?watch=1&resourceVersion=${from}&timeoutSeconds=0.05&allowWatchBookmarks=true`
    const lines = (await textOf(await open(lab, path))).trimEnd().split('\n')
    assert.deepEqual(
      lines.map((line) => JSON.parse(line).type),
      ['MODIFIED', 'BOOKMARK'],
    )
  })

  it('tells a watch from a compacted version 410, as a status or as an event', async () => {
    await using lab = await LabKubernetes.start({ cluster: clusterOf(1), tls: false })
    lab.cluster.compact()
    const path = '/api/v1/nodes?watch=1&resourceVersion=1000'
    const event = JSON.parse(await textOf(await open(lab, path)))
    assert.equal(event.type, 'ERROR')
    assert.equal(event.object.code, 410)
    lab.goneAs = 'status'
    assert.equal((await ask(lab, path)).status, 410)
  })

  it('falls silent without closing anything when frozen', async () => {
    await using lab = await LabKubernetes.start({ cluster: clusterOf(1), tls: false })
    const watch = await open(lab, `/api/v1/nodes?watch=1&resourceVersion=${lab.cluster.resourceVersion}`)
    watch.on('error', () => undefined)
    lab.freeze()
    lab.cluster.setReady('node-0', 'False')
    let answered = false
    const request = httpGet(`${lab.url}/version`, { agent: false }, () => {
      answered = true
    }).on('error', () => undefined)
    await new Promise((resolve) => setTimeout(resolve, 50))
    assert.equal(watch.read(), null)
    assert.equal(watch.destroyed, false)
    assert.equal(answered, false)
    assert.equal(lab.openConnections, 2)
    request.destroy()
    watch.destroy()
  })

  it('gives every node a lease that follows the clock until it is held', async () => {
    let now = 1_000_000_000
    const cluster = new LabCluster({ now: () => now })
    cluster.addNode('node-0')
    cluster.addNode('node-1')
    cluster.holdLease('node-1')
    now += 60_000
    const ages = cluster.leases().map(({ renewedMs }) => now - renewedMs)
    assert.ok((ages[0] ?? 0) < 10_000)
    assert.equal(ages[1], 60_000)
    await using lab = await LabKubernetes.start({ cluster, tls: false })
    const { body } = await ask(lab, '/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases?limit=1')
    assert.equal((body.items as object[]).length, 1)
    assert.ok((body.metadata as Record<string, string>).continue)
  })

  it('answers as often as asked with a fault', async () => {
    await using lab = await LabKubernetes.start({ tls: false })
    lab.fault({ on: 'list', status: 429, retryAfterSeconds: 1, times: 1 })
    const refused = await open(lab, '/api/v1/nodes')
    assert.equal(refused.statusCode, 429)
    assert.equal(refused.headers['retry-after'], '1')
    await textOf(refused)
    assert.equal((await ask(lab, '/api/v1/nodes')).status, 200)
  })
})
