/** Whether the certificate of a client, or its absence, lets the client in. */
import type { TLSSocket } from 'node:tls'
import { canonicalAddress } from '../../sources/address.ts'
import { alternativeNames } from './alternative-names.ts'
import type { ClientAuthType } from './tls-names.ts'

export interface ClientPolicy {
  readonly policy: ClientAuthType
  /** The policy stands in the file and is not the default. */
  readonly stated: boolean
  /** Names of which the certificate has to carry one; undefined: any. */
  readonly allowed: ReadonlySet<string> | undefined
}

/** Addresses in the one spelling in which those of certificates are compared. */
export function allowedNames(given: readonly string[]): ReadonlySet<string> {
  return new Set(given.map((name) => canonicalAddress(name) ?? name))
}

/** What the server asks for in the handshake. */
export function handshakeOptions({ policy }: ClientPolicy): { requestCert: boolean; rejectUnauthorized: boolean } {
  return { requestCert: policy !== 'NoClientCert', rejectUnauthorized: policy === 'RequireAndVerifyClientCert' }
}

/** What of `before` a file takes away by leaving it out, as one does that was cut short; undefined: nothing. */
export function droppedBy(
  before: ClientPolicy,
  after: ClientPolicy,
): 'client_auth_type' | 'client_allowed_sans' | undefined {
  if (before.policy !== 'NoClientCert' && !after.stated) return 'client_auth_type'
  if (before.allowed !== undefined && after.allowed === undefined && after.policy !== 'NoClientCert') {
    return 'client_allowed_sans'
  }
  return undefined
}

/** Why a client is sent away after its handshake; undefined: it may stay. */
export function refusal({ policy, allowed }: ClientPolicy, socket: TLSSocket): string | undefined {
  if (policy === 'NoClientCert') return undefined
  const certificate = socket.getPeerX509Certificate()
  if (certificate === undefined) return policy.startsWith('Require') ? 'no certificate' : undefined
  const verifies = policy === 'RequireAndVerifyClientCert' || policy === 'VerifyClientCertIfGiven'
  if (verifies && !socket.authorized) return `certificate not verified: ${String(socket.authorizationError)}`
  if (allowed === undefined) return undefined
  const names = alternativeNames(certificate.subjectAltName ?? '')
  return names.some((name) => allowed.has(name)) ? undefined : 'no name of the certificate is in client_allowed_sans'
}
