import type { Failure, FailureReason } from '../../core/poll.ts'
import type { AwsService } from './types.ts'

/** An answer that came whole and cannot be right. */
export class MalformedAnswer extends Error {}

/** The run has used up its requests. */
export class BudgetSpent extends Error {}

/** The call's deadline passed or its run ended. */
export class CallEnded extends Error {}

/** AssumeRole failed, so the call that wanted the credentials was never sent. */
export class RoleRefused extends Error {}

export interface Where {
  readonly service: AwsService
  readonly operation: string
  readonly region: string
}

/** The parts of the SDK's errors that are read here; none of them is sure to be there. */
interface ErrorParts {
  readonly name?: unknown
  readonly message?: unknown
  /** error code on the wire */
  readonly Code?: unknown
  /** error code of Node */
  readonly code?: unknown
  readonly $metadata?: { readonly httpStatusCode?: unknown }
}

/** Codes of the common errors of the AWS APIs, of EC2's list of error codes, and of Signature Version 4. */
const reasonOfCode: ReadonlyMap<string, FailureReason> = new Map(
  Object.entries({
    throttled: ['Throttling', 'ThrottlingException', 'ThrottledException', 'RequestLimitExceeded', 'RequestThrottled'],
    denied: ['AccessDenied', 'AccessDeniedException', 'UnauthorizedOperation', 'OptInRequired', 'NotAuthorized'],
    expired: [
      'ExpiredToken',
      'ExpiredTokenException',
      'RequestExpired',
      'InvalidClientTokenId',
      'UnrecognizedClientException',
      'InvalidAccessKeyId',
      'SignatureDoesNotMatch',
      'IncompleteSignature',
      'MissingAuthenticationToken',
      'AuthFailure',
      'CredentialsProviderError',
      'TokenProviderError',
    ],
    not_found: ['LoadBalancerNotFound', 'AccessPointNotFound'],
  } satisfies Partial<Record<FailureReason, string[]>>).flatMap(([reason, codes]) =>
    codes.map((code) => [code, reason as FailureReason] as const),
  ),
)

const networkCodes = /^(ECONN(REFUSED|RESET|ABORTED)|EPIPE|E(HOST|NET)(UNREACH|DOWN)|ENOTFOUND|EAI_\w+|EADDRNOTAVAIL)$/
/** This process, or this machine, has no file descriptor left. */
const descriptorCodes = /^E[MN]FILE$/
const tlsCodes = /^(ERR_TLS_\w+|ERR_SSL_\w+|CERT_\w+|UNABLE_TO_\w+|\w*SELF_SIGNED_CERT\w*|EPROTO)$/

export function reasonOf(error: unknown): FailureReason {
  const parts = partsOf(error)
  if (error instanceof RoleRefused) return reasonOf(error.cause)
  if (error instanceof BudgetSpent) return 'limit'
  if (error instanceof CallEnded) return 'timeout'
  if (error instanceof MalformedAnswer) return 'malformed'
  const known = reasonOfCode.get(codeOf(error) ?? '') ?? reasonOfCode.get(String(parts.name))
  if (known !== undefined) return known
  if (isUnknownApi(error)) return 'server'
  // The SDK names connection errors TimeoutError too, so Node's own code comes first.
  if (descriptorCodes.test(String(parts.code))) return 'limit'
  if (networkCodes.test(String(parts.code))) return 'network'
  if (tlsCodes.test(String(parts.code))) return 'tls'
  if (parts.name === 'TimeoutError' || parts.name === 'AbortError') return 'timeout'
  const status = Number(parts.$metadata?.httpStatusCode ?? 0)
  if (status === 429) return 'throttled'
  if (status >= 500) return 'server'
  if (status >= 200 && status < 300) return 'malformed'
  // A code of AWS, such as ValidationError, is an answer too: the request was understood and refused.
  if (status === 401 || status === 403 || (status >= 400 && codeOf(error) !== undefined)) return 'denied'
  if (status >= 300) return 'server'
  return 'internal'
}

/** Codes of an endpoint that does not know an API or its version: an emulator, or one of an older generation. */
const unknownApiCodes = new Set(['InvalidAction', 'NoSuchVersion', 'UnknownOperationException', 'InvalidVersion'])

/** Somebody answered who does not know the API that was asked. */
export function isUnknownApi(error: unknown): boolean {
  const status = Number(partsOf(error).$metadata?.httpStatusCode ?? 0)
  return unknownApiCodes.has(codeOf(error) ?? '') || status === 404 || status === 501
}

/** What an attempt is counted under. */
export function attemptCode(error: unknown): string {
  const code = codeOf(error)
  if (code !== undefined) return code
  const reason = reasonOf(error)
  if (reason === 'timeout' || reason === 'malformed') return reason
  const status = Number(partsOf(error).$metadata?.httpStatusCode ?? 0)
  return status >= 300 ? String(status) : 'network'
}

/** Says what failed, where, and what to do. The message of AWS is not passed on: it can quote the signed headers. */
export function failureOf(error: unknown, { service, operation, region }: Where): Failure {
  const reason = reasonOf(error)
  if (error instanceof RoleRefused) {
    const role = `${error.message} in ${region}`
    const inner = error.cause
    return { reason, message: `${whatOf(inner)} on sts:AssumeRole of ${role}: ${roleAdvice(reason)}` }
  }
  const action = `${service.startsWith('elb') ? 'elasticloadbalancing' : service}:${operation}`
  const who = reason === 'denied' ? callerOf(error) : ''
  return { reason, message: `${whatOf(error)} on ${action} in ${region}${who}: ${adviceFor(error, service, reason)}` }
}

/** No source of the SDK's default chain gave credentials: no call of ours was sent yet. */
export function chainFailureOf(error: unknown): Failure {
  const reason = reasonOf(error)
  return { reason, message: `${whatOf(error)} in the SDK's default chain: ${roleAdvice(reason)}` }
}

function adviceFor(error: unknown, service: AwsService, reason: FailureReason): string {
  if (descriptorCodes.test(String(partsOf(error).code))) {
    return 'no file descriptor is left: raise the limit of this process (LimitNOFILE), and see who connects to it'
  }
  if (reason === 'server' && isUnknownApi(error)) {
    const others = service === 'elb' ? 'types: [application, network]' : 'types: [classic]'
    const advice = service.startsWith('elb') ? `set \`${others}\`` : 'set `interfaces: false`'
    return `the endpoint does not know this API: check \`endpoint\`, or ${advice} if that is all there is`
  }
  return reason === 'denied' && isUnfit(error)
    ? 'AWS refuses the request as it stands: check region, `endpoint` and this entry of load_balancers'
    : adviceOf(reason)
}

/** The request was understood and refused for what it asks, not for who asks it. */
export function isUnfit(error: unknown): boolean {
  const status = Number(partsOf(error).$metadata?.httpStatusCode ?? 0)
  return status >= 400 && status !== 401 && status !== 403 && !isKnown(error)
}

function isKnown(error: unknown): boolean {
  return reasonOfCode.has(codeOf(error) ?? '') || reasonOfCode.has(String(partsOf(error).name))
}

/** The code AWS sent. Anything but a plain word is no code: it becomes a label. */
export function codeOf(error: unknown): string | undefined {
  const { Code } = partsOf(error)
  return typeof Code === 'string' && /^[A-Za-z][A-Za-z.]{0,63}$/.test(Code) ? Code : undefined
}

function whatOf(error: unknown): string {
  const parts = partsOf(error)
  const status = Number(parts.$metadata?.httpStatusCode ?? 0)
  const code = codeOf(error)
  if (code !== undefined) return status >= 500 ? `${code} (HTTP ${status})` : code
  if (parts.name === 'CredentialsProviderError' || parts.name === 'TokenProviderError')
    return 'No AWS credentials found'
  if (error instanceof MalformedAnswer || error instanceof BudgetSpent || error instanceof CallEnded)
    return error.message
  if (reasonOf(error) === 'malformed') return `An answer that is no XML of AWS (HTTP ${status})`
  if (status >= 300) return `HTTP ${status} without an error of AWS`
  if (typeof parts.code === 'string' && /^[A-Z_\d]+$/.test(parts.code)) return parts.code
  return typeof parts.name === 'string' ? parts.name : 'An unknown error'
}

function adviceOf(reason: FailureReason): string {
  switch (reason) {
    case 'denied':
      return 'grant it to the role, see deploy/iam-policy.json'
    case 'throttled':
      return 'AWS limits calls per account and region; a longer schedules.load_balancers asks less often'
    case 'expired':
      return 'renew the credentials: a role of the pod or machine, a profile, or AWS_ACCESS_KEY_ID and its secret'
    case 'network':
      return 'check DNS, routes and firewalls to AWS, and `endpoint` if it is set'
    case 'tls':
      return 'check the certificate of the endpoint and the clock of this machine'
    case 'timeout':
      return 'check routes and firewalls to AWS; a VPC endpoint keeps the calls off the internet'
    case 'malformed':
      return 'something else than AWS may answer at this address: check `endpoint` and proxies'
    case 'server':
      return 'AWS has a fault, which passes by itself; see the AWS Health Dashboard if it stays'
    case 'not_found':
      return 'it was deleted in the meantime'
    case 'limit':
      return 'the rest is asked in the next runs; watch fewer load balancers in one entry'
    case 'internal':
      return 'report this as a fault of the exporter'
  }
}

function roleAdvice(reason: FailureReason): string {
  return reason === 'denied' ? "allow it in the role's trust policy and in the policy of the caller" : adviceOf(reason)
}

/** AWS names who was refused, which tells a wrong role from a missing grant. */
function callerOf(error: unknown): string {
  const caller = /\barn:aws[\w-]*:(?:iam|sts)::\d{12}:[\w+=,.@/-]+/.exec(String(partsOf(error).message))?.[0]
  return caller === undefined ? '' : ` for ${caller}`
}

function partsOf(error: unknown): ErrorParts {
  return typeof error === 'object' && error !== null ? error : {}
}
