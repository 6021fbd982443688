/**
 * Asks a Kubernetes API whether this account may do what the exporter would do, by SelfSubjectAccessReview, which every
 * authenticated account may create (https://kubernetes.io/docs/reference/access-authn-authz/authorization/).
 */
import type { IncomingMessage } from 'node:http'
import { type Access, allowed, notTried, refused, type Turn } from '../../core/access.ts'
import type { Clock } from '../../core/clock.ts'
import { type Fields, isObject } from '../../core/json.ts'
import type { Failure } from '../../core/poll.ts'
import type { FindAddresses } from '../dns/host-addresses.ts'
import { failureOfAnswer, parseObject, readBody } from './body.ts'
import { defaultBounds } from './bounds.ts'
import { KubernetesClient } from './client.ts'
import { type ClusterOptions, type Credentials, CredentialsError, clusterCredentials } from './credentials.ts'

/** What RBAC grants. */
export interface Right {
  readonly verb: 'list' | 'watch'
  /** Empty for the core group. */
  readonly group: string
  readonly resource: string
  /** Absent: in the whole cluster. */
  readonly namespace?: string
}

export interface RightsDeps {
  readonly clock: Clock
  readonly addressesOf: FindAddresses
  readonly signal: AbortSignal
  readonly turn: Turn
}

const path = '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews'
const bodyBytes = 64 * 1024
const bounds = { ...defaultBounds, lookupMs: 5_000, connectMs: 4_000, pageIdleMs: 5_000 }

/** The login first, since without it no right can be asked for. */
export async function tryRights(
  options: ClusterOptions,
  rights: readonly Right[],
  { clock, addressesOf, signal, turn }: RightsDeps,
): Promise<readonly Access[]> {
  const credentials = clusterCredentials(options)
  const login = await turn(() => tryLogin(options, credentials, clock))
  const asked = rights.map((right) => ({ call: `${right.verb} ${right.resource}`, on: scopeOf(right) }))
  if (login.verdict !== 'ok') return [login, ...asked.map((each) => notTried(each, `it takes ${login.call}`))]
  const client = new KubernetesClient({ credentials, clock, bounds, addressesOf })
  try {
    const reviews = rights.map((right) => turn(() => review(client, right, signal)))
    return [login, ...(await Promise.all(reviews))]
  } finally {
    client.dialAnew()
  }
}

async function tryLogin(options: ClusterOptions, credentials: Credentials, clock: Clock): Promise<Access> {
  const asked = { call: 'credentials of Kubernetes', on: whereOf(options) }
  const before = clock.monotonic()
  try {
    const { server } = await credentials.target()
    return { ...allowed(asked), on: `${asked.on}, for ${server.origin}` }
  } catch (error) {
    if (!(error instanceof CredentialsError)) throw error
    const seconds = Math.round((clock.monotonic() - before) / 1_000)
    const message = seconds > 1 ? `${error.message} (after ${seconds} s)` : error.message
    return refused(asked, { reason: 'expired', message }, '')
  }
}

async function review(client: KubernetesClient, right: Right, signal: AbortSignal): Promise<Access> {
  const { verb, group, resource, namespace } = right
  const asked = { call: `${verb} ${resource}`, on: scopeOf(right) }
  const attributes = { verb, group, resource, ...(namespace !== undefined && { namespace }) }
  const body = JSON.stringify({
    apiVersion: 'authorization.k8s.io/v1',
    kind: 'SelfSubjectAccessReview',
    spec: { resourceAttributes: attributes },
  })
  const plural = 'selfsubjectaccessreviews'
  const reply = await client.ask({ verb: 'create', plural, path, body, headersMs: bounds.pageIdleMs, signal })
  if (!reply.ok) return refused(asked, reply.failure, 'create selfsubjectaccessreviews (ClusterRole system:basic-user)')
  try {
    const { status } = parseObject(await readReview(reply.snapshot))
    if (!isObject(status) || typeof status.allowed !== 'boolean') {
      return refused(asked, { reason: 'malformed', message: `${client.server} gave a review without a status` }, '')
    }
    if (status.allowed) return allowed(asked)
    return refused(asked, denial(asked.call, status), grantOf(right))
  } catch (error) {
    return refused(asked, failureOfAnswer({ verb: 'create', plural, server: client.server }, error), '')
  }
}

function denial(call: string, { reason, evaluationError }: Fields): Failure {
  const why = [reason, evaluationError].filter((text) => typeof text === 'string' && text !== '').join('; ')
  return {
    reason: 'denied',
    message: `the API server allows no ${call} to this account${why === '' ? '' : `: ${why}`}`,
  }
}

async function readReview(response: IncomingMessage): Promise<string> {
  const parts: Buffer[] = []
  await readBody(response, 'a review', { totalMs: bounds.pageIdleMs, bytes: bodyBytes }, (part) => parts.push(part))
  return Buffer.concat(parts).toString('utf8')
}

function whereOf({ kubeconfig, context, inCluster }: ClusterOptions): string {
  if (inCluster) return 'the service account of the pod'
  return `${kubeconfig ?? 'kubeconfig'}${context === undefined ? '' : `, context ${context}`}`
}

function scopeOf({ namespace }: Right): string {
  return namespace === undefined ? 'cluster' : `namespace ${namespace}`
}

/** A rule of a ClusterRole or of a Role as it stands in YAML. */
function grantOf({ verb, group, resource, namespace }: Right): string {
  const role = namespace === undefined ? 'a ClusterRole' : `a Role in ${namespace}`
  return `{apiGroups: ["${group}"], resources: [${resource}], verbs: [${verb}]} by ${role} (deploy/rbac.yaml)`
}
