/** What went wrong between this program and a Kubernetes API, as a reason and a sentence for the person who must act. */
import { errorCode, messageOf } from '../../core/errors.ts'
import type { Failure, FailureReason } from '../../core/poll.ts'

export interface KubernetesFailure extends Failure {
  /** HTTP status, where there was one. */
  readonly status?: number
  /** What the server asked for with Retry-After, in ms. */
  readonly retryAfterMs?: number
}

/** A `Poll` whose failure also says how the server asked to be treated. */
export type Reply<T> =
  | { readonly ok: true; readonly atMs: number; readonly snapshot: T }
  | { readonly ok: false; readonly atMs: number; readonly failure: KubernetesFailure }

/** A bound of ours was reached; the message says which. */
export class DeadlineError extends Error {
  override name = 'DeadlineError'
}

/** A request in words: `list nodes` of `https://api.example.com`. */
export interface Asked {
  readonly verb: 'list' | 'watch' | 'create'
  readonly plural: string
  readonly server: string
}

const textLimit = 240
const tlsCodes =
  /^(ERR_SSL_|ERR_TLS_|CERT_|CRL_|SELF_SIGNED_|DEPTH_ZERO_|UNABLE_TO_|HOSTNAME_MISMATCH|INVALID_|EPROTO$)/

export function describe(asked: Asked): string {
  return `${asked.verb} ${asked.plural} at ${asked.server}`
}

/** An HTTP status other than 200. `body` is what the server sent, a Kubernetes Status where all is well. */
export function failureOfStatus(
  asked: Asked,
  status: number,
  body: string,
  retryAfter: string | undefined,
): KubernetesFailure {
  const seconds = Number(retryAfter)
  const wait = retryAfter !== undefined && Number.isFinite(seconds) && seconds >= 0 ? seconds * 1000 : undefined
  return {
    reason: reasonOfStatus(status),
    message: `${describe(asked)}: HTTP ${status}${quoted(statusMessage(body))}${advice(asked, status)}`,
    status,
    ...(wait === undefined ? {} : { retryAfterMs: wait }),
  }
}

function reasonOfStatus(status: number): FailureReason {
  if (status === 401) return 'expired'
  if (status === 403) return 'denied'
  if (status === 404) return 'not_found'
  if (status === 429) return 'throttled'
  if (status === 504) return 'timeout'
  return status >= 500 || status === 410 ? 'server' : 'malformed'
}

function advice(asked: Asked, status: number): string {
  if (status === 401) return '; the credentials are missing, expired or of another cluster: renew them'
  if (status === 403)
    return `; grant the verb ${asked.verb} on ${asked.plural} to this account by a ${asked.plural.includes(' in ') ? 'Role there' : 'ClusterRole'}`
  if (status === 404) return '; is this the URL of a Kubernetes API?'
  return ''
}

function statusMessage(body: string): string {
  try {
    const parsed: unknown = JSON.parse(body)
    if (typeof parsed === 'object' && parsed !== null && 'message' in parsed) return String(parsed.message)
  } catch {
    // Proxies answer with HTML; the status says enough.
  }
  return ''
}

function quoted(text: string): string {
  return flat(text) === '' ? '' : ` (${flat(text)})`
}

/** One line of bounded length. */
function flat(text: string): string {
  return text.replace(/\s+/g, ' ').trim().slice(0, textLimit)
}

const hints: Partial<Record<FailureReason, string>> = {
  tls: '; check the CA and the host name of the kubeconfig',
  limit: '; no file descriptor is left: raise the limit of this process (LimitNOFILE), and see who connects to it',
}

/** An error of a socket, of TLS, of the HTTP parser, or a bound of ours. */
export function failureOfError(asked: Asked, error: unknown): KubernetesFailure {
  const reason = reasonOfError(error)
  const hint = hints[reason] ?? ''
  return { reason, message: `${describe(asked)}: ${flat(errorText(error)) || 'failed'}${hint}` }
}

function reasonOfError(error: unknown): FailureReason {
  if (error instanceof DeadlineError) return 'timeout'
  const code = errorCode(error)
  if (code === 'EMFILE' || code === 'ENFILE') return 'limit'
  if (code === 'ETIMEDOUT') return 'timeout'
  if (code.startsWith('HPE_')) return 'malformed'
  if (tlsCodes.test(code)) return 'tls'
  return code === '' ? 'internal' : 'network'
}

/** A name with several addresses fails with one error for each, in an AggregateError without a text of its own. */
function errorText(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(errorText).join(', ')
  return messageOf(error)
}
