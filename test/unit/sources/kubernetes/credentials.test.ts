import assert from 'node:assert/strict'
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import type { Bounds } from '../../../../exporter/sources/kubernetes/bounds.ts'
import { CredentialsError, clusterCredentials } from '../../../../exporter/sources/kubernetes/credentials.ts'
import { LabCluster } from '../../../lab/kubernetes/cluster.ts'
import { kubeconfig } from '../../../lab/kubernetes/kubeconfig.ts'
import { LabKubernetes, labTlsFile } from '../../../lab/kubernetes-server.ts'
import { until } from '../../../until.ts'
import { fixedCredentials, follow } from './harness.ts'

let directory = ''

before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'kubeconfig-'))
})

after(async () => {
  await rm(directory, { recursive: true })
})

function startLab(options: { clientCertificates?: boolean; tls?: boolean } = {}): Promise<LabKubernetes> {
  const cluster = new LabCluster()
  cluster.addNode('node-0')
  return LabKubernetes.start({ cluster, token: 'first-token', ...options })
}

async function written(name: string, text: string, mode = 0o600): Promise<string> {
  const path = join(directory, name)
  await writeFile(path, text)
  await chmod(path, mode)
  return path
}

function of(path: string, context?: string) {
  return clusterCredentials({ kubeconfig: path, inCluster: false, ...(context === undefined ? {} : { context }) })
}

async function lists(path: string): Promise<void> {
  await using following = follow(of(path))
  await until('the list', () => following.sink.lists === 1)
  assert.deepEqual(following.sink.failures, [])
}

async function refusal(text: string, context?: string): Promise<string> {
  const path = await written('refused', text)
  const error = await of(path, context)
    .target()
    .then(
      () => undefined,
      (reason: unknown) => reason,
    )
  assert.ok(error instanceof CredentialsError)
  return error.message
}

describe('the credentials of a kubeconfig', () => {
  it('reach a server over TLS with a CA and a token', async () => {
    await using lab = await startLab()
    await lists(await lab.writeKubeconfig(join(directory, 'token')))
  })

  it('reach a server over http, as kubectl proxy offers', async () => {
    await using lab = await startLab({ tls: false })
    await lists(await lab.writeKubeconfig(join(directory, 'http')))
  })

  it('reach a server with a client certificate', async () => {
    await using lab = await startLab({ clientCertificates: true })
    const user = { 'client-certificate': labTlsFile('client.crt'), 'client-key': labTlsFile('client.key') }
    await lists(await written('mtls', kubeconfig(lab.url, labTlsFile('ca.crt'), user)))
  })

  it('check the certificate against tls-server-name, and against nothing when told to skip', async () => {
    await using lab = await startLab()
    const user = { token: lab.token }
    const base = JSON.parse(kubeconfig(lab.url, labTlsFile('ca.crt'), user))
    base.clusters[0].cluster['tls-server-name'] = 'kubernetes.default.svc'
    await lists(await written('server-name', JSON.stringify(base)))
    base.clusters[0].cluster = { server: lab.url, 'insecure-skip-tls-verify': true }
    await lists(await written('insecure', JSON.stringify(base)))
  })

  it('log in anew at once when a token file is rotated under a running watch', async () => {
    await using lab = await startLab()
    const tokenFile = await written('token-file', 'first-token\n')
    await using following = follow(of(await lab.writeKubeconfig(join(directory, 'rotating'), { tokenFile })))
    const { sink } = following
    await until('a watch', () => lab.openWatches === 1)
    await written('token-file', 'second-token\n')
    lab.token = 'second-token'
    const watches = () => lab.requests.filter((path) => path.includes('watch=1')).length
    const before = watches()
    await until('watches with the new token', () => watches() >= before + 3)
    assert.deepEqual(sink.failures, [])
  })

  it('ask an exec plugin, and ask it again when its token is refused', async () => {
    await using lab = await startLab()
    const token = await written('plugin-token', 'first-token')
    const plugin = await written(
      'plugin',
      `#!/bin/sh\nprintf '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"%s"}}' "$(cat ${token})"\n`,
      0o700,
    )
    const user = { exec: { apiVersion: 'client.authentication.k8s.io/v1', command: plugin } }
    await using following = follow(of(await written('exec', kubeconfig(lab.url, labTlsFile('ca.crt'), user))))
    await until('a watch', () => lab.openWatches === 1)
    await written('plugin-token', 'second-token')
    lab.token = 'second-token'
    const requests = lab.requests.length
    await until('requests with the new token', () => lab.requests.length >= requests + 3)
    assert.deepEqual(following.sink.failures, [])
  })

  it('never show in a message what an exec plugin printed', async () => {
    const plugin = await written('bad-plugin', '#!/bin/sh\necho k8s-aws-v1.c2VjcmV0\n', 0o700)
    const user = { exec: { apiVersion: 'client.authentication.k8s.io/v1', command: plugin } }
    const message = await refusal(kubeconfig('https://127.0.0.1:1', labTlsFile('ca.crt'), user))
    assert.match(message, /what its credentials plugin printed, cannot be read/)
    assert.doesNotMatch(message, /k8s-aws/)
  })

  it('say what is wrong with a kubeconfig', async () => {
    const good = JSON.parse(kubeconfig('https://127.0.0.1:1', labTlsFile('ca.crt'), { token: 't' }))
    assert.match(await refusal(JSON.stringify(good), 'other'), /no context "other"; it has: lab/)
    const proxied = structuredClone(good)
    proxied.clusters[0].cluster['proxy-url'] = 'http://proxy:3128'
    assert.match(await refusal(JSON.stringify(proxied)), /"lab" has a proxy-url, which is not supported/)
    const strange = structuredClone(good)
    strange.clusters[0].cluster.server = 'ftp://example'
    assert.match(await refusal(JSON.stringify(strange)), /"lab" has no server URL of http or https/)
    await assert.rejects(of(join(directory, 'absent')).target(), /ENOENT.*absent/)
  })

  it('refuse the account of a pod outside of a pod', async () => {
    assert.equal(process.env.KUBERNETES_SERVICE_HOST, undefined)
    await assert.rejects(clusterCredentials({ inCluster: true }).target(), /this is no pod/)
  })

  it('are called expired when refused, and keep the token out of the message', async () => {
    await using lab = await startLab()
    const path = await lab.writeKubeconfig(join(directory, 'stale'))
    lab.token = 'other'
    await using following = follow(of(path))
    await until('a failure', () => following.sink.failures.length > 0)
    const [failure] = following.sink.failures
    assert.equal(failure?.reason, 'expired')
    assert.match(failure?.message ?? '', /HTTP 401 \(Unauthorized\); the credentials are missing, expired/)
    assert.doesNotMatch(failure?.message ?? '', /first-token/)
  })
})

describe('a connection that cannot be made', () => {
  async function firstFailure(server: string, bounds: Partial<Bounds> = {}) {
    await using following = follow(fixedCredentials(server), { bounds })
    await until('a failure', () => following.sink.failures.length > 0)
    return following.sink.failures[0]
  }

  it('is a TLS failure where the certificate is of an unknown CA', async () => {
    await using lab = await startLab()
    const failure = await firstFailure(lab.url)
    assert.equal(failure?.reason, 'tls')
    assert.match(failure?.message ?? '', /check the CA/)
  })

  it('is a TLS failure where the server speaks http', async () => {
    await using lab = await startLab({ tls: false })
    assert.equal((await firstFailure(lab.url.replace('http:', 'https:')))?.reason, 'tls')
  })

  it('is a network failure where nobody listens', async () => {
    const failure = await firstFailure('http://127.0.0.1:1')
    assert.equal(failure?.reason, 'network')
    assert.match(failure?.message ?? '', /list nodes at http:\/\/127\.0\.0\.1:1: connect ECONNREFUSED/)
  })

  it('is a timeout where the connection is taken but TLS is never spoken', async () => {
    await using lab = await startLab()
    lab.freeze()
    const failure = await firstFailure(lab.url, { connectMs: 400 })
    assert.equal(failure?.reason, 'timeout')
    assert.match(failure?.message ?? '', /no connection within 400 ms/)
  })
})
