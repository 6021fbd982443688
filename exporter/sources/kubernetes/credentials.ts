/**
 * Where a cluster is and how to log in: kubeconfig, in-cluster account, tokens, exec plugins and client certificates, by
 * the library that knows them. Requests are made elsewhere: the library's own connections outlive a black hole.
 *
 * The library takes 20 MB and 0.2 s to load, in one block: import this file only where a cluster is configured, and
 * before anything runs that must not wait.
 */
import { existsSync, readFileSync } from 'node:fs'
import type { RequestOptions } from 'node:https'
import { homedir } from 'node:os'
import { delimiter, dirname, join, resolve } from 'node:path'
import type { Cluster, User } from '@kubernetes/client-node'
import { parse } from 'yaml'
import { messageOf } from '../../core/errors.ts'
import { fields, list } from '../../core/json.ts'
import { KubeConfig } from './kube-config.ts'

export interface ClusterOptions {
  /** Path; absent: KUBECONFIG, ~/.kube/config, or the account of the pod. */
  readonly kubeconfig?: string
  readonly context?: string
  readonly inCluster: boolean
}

export type TlsOptions = Pick<RequestOptions, 'ca' | 'cert' | 'key' | 'rejectUnauthorized' | 'servername'>

export interface Target {
  readonly server: URL
  readonly tls: TlsOptions
  readonly headers: Readonly<Record<string, string>>
}

export interface Credentials {
  /** What the next request needs. Token files and exec plugins are asked again when due. Throws a CredentialsError. */
  target(): Promise<Target>
  /** Reads everything anew at the next `target()`: the server refused what we have. */
  refresh(): void
}

/** The message is for the person who configured it, and holds no secret. */
export class CredentialsError extends Error {
  override name = 'CredentialsError'
}

/** A plugin such as `aws eks get-token` takes about 1 s. */
const execMs = 15_000

export function clusterCredentials(options: ClusterOptions): Credentials {
  let loaded: KubeConfig | undefined
  let asking: Promise<Target> | undefined
  const ask = async (): Promise<Target> => {
    loaded ??= load(options)
    return await describeTarget(loaded)
  }
  return {
    async target() {
      // An exec plugin that hangs is waited for once, not started again and again.
      asking ??= ask().finally(() => {
        asking = undefined
      })
      try {
        return await within(asking)
      } catch (error) {
        loaded = undefined
        throw error instanceof CredentialsError ? error : new CredentialsError(safeMessage(error), { cause: error })
      }
    },
    refresh() {
      loaded = undefined
    },
  }
}

async function within(target: Promise<Target>): Promise<Target> {
  const { promise, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => {
    reject(new CredentialsError(`the credentials plugin gave no answer within ${execMs / 1000} s`))
  }, execMs)
  try {
    return await Promise.race([target, promise])
  } finally {
    clearTimeout(timer)
  }
}

/** Errors of the JSON parser quote what a plugin printed, which may be a token. */
function safeMessage(error: unknown): string {
  if (error instanceof SyntaxError) return 'the kubeconfig, or what its credentials plugin printed, cannot be read'
  return `the credentials cannot be read: ${messageOf(error).replace(/\s+/g, ' ').trim().slice(0, 240)}`
}

function load(options: ClusterOptions): KubeConfig {
  const config = new KubeConfig()
  if (options.inCluster) loadInCluster(config)
  else loadKubeconfig(config, options.kubeconfig)
  const context = options.context ?? config.getCurrentContext()
  const found = config.getContextObject(context)
  if (found === null) {
    const names = config.getContexts().map(({ name }) => name)
    throw new CredentialsError(`the kubeconfig has no context "${context}"; it has: ${names.slice(0, 10).join(', ')}`)
  }
  const cluster = checkedCluster(config.getCluster(found.cluster), context)
  const chosen = new KubeConfig()
  chosen.loadFromClusterAndUser(cluster, config.getUser(found.user) ?? { name: 'anonymous' })
  return chosen
}

function loadInCluster(config: KubeConfig): void {
  if ((process.env.KUBERNETES_SERVICE_HOST ?? '') === '') {
    throw new CredentialsError('in_cluster is set, but KUBERNETES_SERVICE_HOST is not: this is no pod')
  }
  config.loadFromCluster()
}

function loadKubeconfig(config: KubeConfig, path: string | undefined): void {
  if (path === undefined) config.loadFromDefault()
  else config.loadFromFile(path)
  const server = config.getCurrentCluster()?.server
  if (path === undefined && server === 'http://localhost:8080') {
    throw new CredentialsError('no kubeconfig found: set KUBECONFIG, or nodes.kubeconfig, or nodes.in_cluster')
  }
  for (const file of path === undefined ? defaultPaths() : [path]) {
    config.users = config.users.map((user) => withTokenFile(user, file))
  }
}

function defaultPaths(): string[] {
  const listed = (process.env.KUBECONFIG ?? '').split(delimiter).filter((path) => path !== '')
  return (listed.length > 0 ? listed : [join(homedir(), '.kube', 'config')]).filter((path) => existsSync(path))
}

/** The library knows `token-file`, but the key of a kubeconfig is `tokenFile`; it wins over `token`. */
function withTokenFile(user: User, path: string): User {
  const kubeconfig: unknown = parse(readFileSync(path, 'utf8'))
  const entry = list(fields(kubeconfig).users).find((each) => fields(each).name === user.name)
  const { tokenFile } = fields(fields(entry).user)
  if (typeof tokenFile !== 'string') return user
  const { token: _replaced, ...rest } = user
  return {
    ...rest,
    authProvider: { name: 'tokenFile', config: { tokenFile: resolve(dirname(path), tokenFile) } },
  }
}

function checkedCluster(cluster: Cluster | null, context: string): Cluster {
  if (cluster === null) throw new CredentialsError(`the context "${context}" names a cluster that is not there`)
  if (cluster.proxyUrl) {
    throw new CredentialsError(`the cluster "${cluster.name}" has a proxy-url, which is not supported: remove it`)
  }
  if (!URL.canParse(cluster.server) || !/^https?:/.test(cluster.server)) {
    throw new CredentialsError(`the cluster "${cluster.name}" has no server URL of http or https`)
  }
  // `kubectl proxy` speaks http, which the library refuses unless told not to verify what is not there.
  return cluster.server.startsWith('http:') ? { ...cluster, skipTLSVerify: true } : cluster
}

async function describeTarget(config: KubeConfig): Promise<Target> {
  const options: RequestOptions = {}
  await config.applyToHTTPSOptions(options)
  const server = new URL(config.getCurrentCluster()?.server ?? '')
  server.username = ''
  server.password = ''
  const { ca, cert, key, rejectUnauthorized, servername } = options
  return {
    server,
    tls: {
      ...(ca === undefined ? {} : { ca }),
      ...(cert === undefined ? {} : { cert }),
      ...(key === undefined ? {} : { key }),
      ...(rejectUnauthorized === undefined ? {} : { rejectUnauthorized }),
      ...(servername === undefined ? {} : { servername }),
    },
    headers: headersOf(options),
  }
}

function headersOf(options: RequestOptions): Record<string, string> {
  const headers: Record<string, string> = {}
  for (const [name, value] of Object.entries(options.headers ?? {})) {
    // A token file ends with a line feed, which no header may hold.
    if (typeof value === 'string') headers[name] = value.trim()
  }
  if (typeof options.auth === 'string') headers.Authorization = `Basic ${Buffer.from(options.auth).toString('base64')}`
  return headers
}
