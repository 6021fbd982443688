import { isIP } from 'node:net'
import { domainToASCII } from 'node:url'

export type HostnameCheck =
  | { readonly ok: true; readonly hostname: string }
  | { readonly ok: false; readonly message: string }

const labelShape = /^[a-z0-9_-]{1,63}$/
const maxNameLength = 253

/**
 * The one spelling of a hostname: lower case, no trailing dot, internationalised labels as A-labels (RFC 5890).
 * Refuses what cannot be asked (RFC 1035 2.3.4: labels of 1 to 63 octets, names to 253), since the encoder would
 * quietly ask for another name. Underscores are allowed: SRV names have them.
 */
export function canonicalHostname(text: string): HostnameCheck {
  const bare = text.endsWith('.') ? text.slice(0, -1) : text
  const hostname = isAscii(bare) ? bare.toLowerCase() : domainToASCII(bare)
  if (hostname === '') return refuse(text, 'it is empty or not a valid internationalised name')
  if (hostname.length > maxNameLength) return refuse(text, `it is longer than ${maxNameLength} characters`)
  if (isIP(hostname) !== 0) return refuse(text, 'it is an address, not a name')
  for (const label of hostname.split('.')) {
    if (!labelShape.test(label)) return refuse(text, `its label "${label}" is not 1 to 63 letters, digits, "-" or "_"`)
  }
  return { ok: true, hostname }
}

function isAscii(text: string): boolean {
  for (let index = 0; index < text.length; index++) if (text.charCodeAt(index) > 0x7f) return false
  return true
}

function refuse(text: string, why: string): HostnameCheck {
  return { ok: false, message: `"${text.slice(0, 300)}" is not a hostname: ${why}` }
}
