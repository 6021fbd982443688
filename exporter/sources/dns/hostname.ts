import { isIP } from 'node:net'
import { domainToASCII } from 'node:url'

export type HostnameCheck =
  | { readonly ok: true; readonly hostname: string }
  /** `why` ends the sentence that begins with "it is not a hostname". */
  | { readonly ok: false; readonly why: string; readonly message: string }

const labelShape = /^[a-z0-9_-]{1,63}$/
/** What the C library and browsers take for a part of an IPv4 address, also as `0x7f.1` (WHATWG URL 3.5). */
const numberShape = /^(?:\d+|0x[0-9a-f]*)$/
const foreignCharacter = /[^a-z0-9._-]/i
const maxNameLength = 253

/**
 * The one spelling of a hostname: lower case, no trailing dot, internationalised labels as A-labels (RFC 5890).
 * Refuses what cannot be asked (RFC 1035 2.3.4: labels of 1 to 63 octets, names to 253), since the encoder would
 * quietly ask for another name. Underscores are allowed: SRV names have them.
 */
export function canonicalHostname(text: string): HostnameCheck {
  const bare = text.endsWith('.') ? text.slice(0, -1) : text
  const hostname = isAscii(bare) ? bare.toLowerCase() : toALabels(bare)
  if (hostname === '') return refuse(text, 'it is empty or not a valid internationalised name')
  if (hostname.length > maxNameLength) return refuse(text, `it is longer than ${maxNameLength} characters`)
  if (isIP(hostname) !== 0) return refuse(text, 'it is an address, not a name')
  const labels = hostname.split('.')
  for (const label of labels) {
    if (!labelShape.test(label)) return refuse(text, `its label "${label}" is not 1 to 63 letters, digits, "-" or "_"`)
  }
  if (numberShape.test(labels.at(-1) ?? '')) return refuse(text, 'it ends in a number, as only addresses do')
  return { ok: true, hostname }
}

/** Empty where it is no name. The conversion is that of URLs: it would read %2e as a dot, and end the name at a slash. */
function toALabels(text: string): string {
  for (const character of text) if (isAscii(character) && foreignCharacter.test(character)) return ''
  return domainToASCII(text)
}

function isAscii(text: string): boolean {
  for (let index = 0; index < text.length; index++) if (text.charCodeAt(index) > 0x7f) return false
  return true
}

function refuse(text: string, why: string): HostnameCheck {
  return { ok: false, why, message: `"${text.slice(0, 300)}" is not a hostname: ${why}` }
}
